import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { noticesText, packagesOf } from "./notices.mjs";

test("packages of bundled files, scoped and nested ones too", () => {
  const files = ["webview/main.ts", "node_modules/d3/src/index.js", "node_modules/d3/src/a.js", "as-text:node_modules/elkjs/lib/x.js"];
  assert.deepEqual(packagesOf([...files, "node_modules/@a/b/node_modules/c/i.js"]), [
    "node_modules/@a/b/node_modules/c",
    "node_modules/d3",
    "node_modules/elkjs",
  ]);
});

test("notices hold the licence texts of the packages", () => {
  const text = noticesText(["node_modules/elkjs", "node_modules/d3", "node_modules/@microsoft/fast-element"]);
  assert.match(text, /elkjs [\d.]+\nlicence: EPL-2\.0/);
  assert.match(text, /Eclipse Public License/);
  assert.match(text, /Mike Bostock/);
  assert.match(text, /Copyright \(c\) Microsoft/);
});

test("ONNX Runtime is Microsoft's, and says where its own notices are", { skip: !existsSync("node_modules/onnxruntime-node") }, () => {
  const text = noticesText(["node_modules/onnxruntime-node"]);
  assert.match(text, /Microsoft Corporation/);
  assert.match(text, /onnxruntime\/blob\/v[\d.]+\/ThirdPartyNotices/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { linkQuery, parseLink, type Place } from "./link.ts";

const places: readonly Place[] = [
  { model: "file:///a%20b/m%26x.onnx", stage: 3, node: "#12/then_branch/#3" },
  { model: "vscode-remote://ssh-remote+host/m.onnx", stage: 0 },
];
for (const place of places)
  test(`a link says again what it was made from: ${place.model}`, () => assert.deepEqual(parseLink("/open", linkQuery(place)), place));

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ["/run", "model=file:///m.onnx", /not a command/],
  ["/open", "stage=1", /names no model/],
  ["/open", "model=m.onnx", /names no model/],
  ["/open", "model=file:///etc/passwd", /\.onnx/],
  ["/open", "model=file:///m.onnx&stage=-1", /stage/],
];
for (const [path, query, why] of wrong) test(`refused: ${path}?${query}`, () => assert.match(String(parseLink(path, query)), why));

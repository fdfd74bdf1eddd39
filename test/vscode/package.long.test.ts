// The package for linux-x64, installed into a clean VS Code: the model opens, and ONNX Runtime is there without anything being installed.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { onnxRuntimeOf } from "../../scripts/package/onnx-runtime.mjs";
import { missingNeeds } from "../../scripts/setup/debian-packages.mjs";
import { root } from "../../scripts/setup/terminal.mjs";
import { example, modelFolder } from "./models.ts";
import { compiled, startSession, VscodeWindow, type Session } from "./rig/index.ts";

const here = process.platform === "linux" && process.arch === "x64" ? undefined : "the package is for linux-x64";
const skip = here ?? (onnxRuntimeOf("linux-x64").library === undefined ? "onnxruntime-node is not installed" : undefined);
const noCompiler = missingNeeds(["compiler"]).length > 0 ? "no C++ compiler" : undefined;
const folder = modelFolder({ "example.onnx": example });
let session: Session;
let window: VscodeWindow;

before(async () => {
  if (skip !== undefined) return;
  // Not bundled into this file: it would take itself for the command.
  const { buildPackage } = (await import(path.join(root, "scripts/package.mjs"))) as { buildPackage: (target: string) => Promise<string> };
  const vsix = await buildPackage("linux-x64");
  assert.ok(statSync(vsix).size < 30e6, `${statSync(vsix).size} bytes`);
  session = await startSession({ vsix: [vsix] });
  window = await VscodeWindow.open(session, { folder: folder.path, extension: "installed" });
});

after(async () => {
  await window?.close();
  await session?.stop();
  folder.remove();
});

test("the installed package opens a model", { skip }, async () => {
  await compiled(await window.openModel("example.onnx"));
  assert.deepEqual(window.errors(), []);
});

test("a benchmark finds the ONNX Runtime of the package", { skip: skip ?? noCompiler }, async () => {
  const page = await window.webview();
  await window.command("Fusionscope: Benchmark the Model");
  const result = page.locator(".bench-result");
  await result.waitFor({ timeout: 120_000 });
  assert.match(await result.innerText(), /ort|ONNX Runtime/i);
  assert.doesNotMatch(await result.innerText(), /not installed/);
});

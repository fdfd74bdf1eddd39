// How long VS Code waits for the extension: loading its bundle and activating it, with an API that does nothing. And how big the bundles are.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/setup/terminal.mjs";

const bundle = path.join(root, "dist/extension.cjs");
const skip = existsSync(bundle) ? undefined : "not built (node esbuild.mjs)";

/** Loads and activates the bundle; every member of "vscode" is a function, a class and an object of such members. */
const script = `
const Module = require("node:module");
const anything = () => new Proxy(function () {}, {
  get: (_, name) => name === Symbol.toPrimitive ? () => "" : name === "then" ? undefined : name === Symbol.iterator ? [][Symbol.iterator].bind([])
    : name === "all" ? [] : name === "get" ? (key, otherwise) => otherwise : anything(),
  apply: () => anything(),
  construct: () => anything(),
  // Bundles copy members, and find the others by the prototype.
  getPrototypeOf: () => anything(),
});
const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? anything() : load(name, ...rest));
const began = performance.now();
const extension = require(process.argv[1]);
const loaded = performance.now();
const context = { subscriptions: [], extensionPath: ${JSON.stringify(root)}, extension: { id: "f.f" }, workspaceState: { get() {}, async update() {} } };
extension.activate(context);
console.log(JSON.stringify({ load: loaded - began, activate: performance.now() - loaded, registered: context.subscriptions.length }));
process.exit(0);
`;

test("loading and activating takes some milliseconds", { skip }, (t) => {
  const said = execFileSync(process.execPath, ["-e", script, bundle], { encoding: "utf8" });
  const { load, activate, registered } = JSON.parse(said) as { load: number; activate: number; registered: number };
  t.diagnostic(`bundle loaded in ${load.toFixed(1)} ms, activated in ${activate.toFixed(1)} ms (target: 50 ms together)`);
  assert.ok(registered > 30, `${registered} things registered`);
  assert.ok(load + activate < 1000, "even on a busy machine");
});

test("bundles stay small", { skip }, (t) => {
  // Unminified, as development builds them.
  for (const [file, most] of [
    ["extension.cjs", 400e3],
    ["compiler-worker.cjs", 2e6],
    ["webview.js", 2e6],
  ] as const) {
    const { size } = statSync(path.join(root, "dist", file));
    t.diagnostic(`${file}: ${(size / 1e3).toFixed(0)} kB`);
    assert.ok(size < most, `${file} has ${size} bytes`);
  }
});

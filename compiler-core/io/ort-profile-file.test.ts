import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { UserError } from "../messages.ts";
import type { SourceNodeInfo } from "../protocol/trace.ts";
import { openSessionModel } from "./session/index.ts";
import { readOrtProfile } from "./ort-profile-file.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-profile-file-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string): string => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
};

test("files that are none are refused with the reason", () => {
  const refused = (file: string, what: RegExp): void =>
    assert.throws(
      () => readOrtProfile(file, []),
      (error) => error instanceof UserError && error.code === "profile-file" && what.test(error.message),
    );
  refused(write("text.json", "hello"), /not JSON/);
  refused(write("cut.json", '[{"cat": "Session"},'), /cut off/);
  refused(write("other.json", '{"schema": 1}'), /no times of kernels/);
  refused(path.join(folder, "missing.json"), /ENOENT/);
});

const require = createRequire(path.join(process.cwd(), "package.json"));
interface Runtime {
  readonly InferenceSession: {
    create(file: string, options: object): Promise<{ run(feeds: object): Promise<unknown>; endProfiling(): void | Promise<void> }>;
  };
  readonly Tensor: new (type: string, data: Float32Array, dims: readonly number[]) => unknown;
}
let runtime: Runtime | undefined;
let why = "";
try {
  runtime = require("onnxruntime-node") as Runtime;
} catch (e) {
  why = `onnxruntime-node does not load: ${e instanceof Error ? (e.message.split("\n")[0] ?? "") : String(e)}`;
}

const model = "test/data/example-mlp.onnx";
let sources: readonly SourceNodeInfo[] = [];
before(() => {
  const opened = openSessionModel(model);
  sources = opened.graph.sources.map(({ path, opType, domain, name }) => ({ path, opType, domain, name }));
  opened.close();
});

test("what ONNX Runtime itself writes is read: every node of the file has its time", { skip: runtime ? false : why }, async () => {
  assert.ok(runtime);
  const session = await runtime.InferenceSession.create(model, {
    enableProfiling: true,
    profileFilePrefix: path.join(folder, "ort"),
    graphOptimizationLevel: "disabled",
  });
  const { inputNames, inputMetadata } = session as unknown as { inputNames: string[]; inputMetadata: { shape: (number | string)[] }[] };
  const dims = (inputMetadata[0]?.shape ?? []).map((extent) => (typeof extent === "number" && extent > 0 ? extent : 4));
  const feeds = { [inputNames[0] ?? ""]: new runtime.Tensor("float32", new Float32Array(dims.reduce((a, b) => a * b, 1)), dims) };
  for (let i = 0; i < 4; i++) await session.run(feeds);
  await session.endProfiling();
  const [written] = fs.readdirSync(folder).filter((name) => name.startsWith("ort"));
  const profile = readOrtProfile(path.join(folder, written ?? ""), sources);
  assert.equal(profile.runs, 3);
  assert.ok(profile.kernelsUs > 0 && profile.runUs >= profile.kernelsUs);
  const known = new Set(profile.kernels.flatMap(({ source }) => source ?? []));
  const constants = sources.flatMap(({ opType }, i) => (opType === "Constant" ? [i] : []));
  assert.deepEqual(
    [...known, ...constants].sort((a, b) => a - b),
    sources.map((_, i) => i),
  );
});

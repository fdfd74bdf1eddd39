/** The contract of the command that no single command shows: streams, stored data, determinism, links, signals. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { openSessionModel, randomSource, writeTensorFile } from "#core/io";
import { evaluateGraph } from "../../compiler-core/graph/eval.ts";
import { encode, fromValues, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import { exampleModel, fusionscope, jsonOf, noCompiler, root } from "./command-line.ts";

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-contract-"));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** A folder in the layout of ONNX tests: inputs and what the evaluator makes of them; `error` is added to one output element. */
function storedData(name: string, error: number): string {
  const folder = path.join(scratch, name);
  fs.mkdirSync(folder);
  const model = openSessionModel(exampleModel);
  const random = randomSource(3);
  const input = model.graph.values[model.graph.inputs[0] ?? -1];
  const shape = (input?.shape ?? []).map((d) => (typeof d === "number" ? d : 4));
  const x = fromValues(
    "f32",
    shape,
    Array.from({ length: shape.reduce((a, d) => a * d, 1) }, () => 2 * random() - 1),
  );
  const typed = evaluable(model.graph, shape);
  const y = [...evaluateGraph(typed, new Map([[typed.inputs[0] ?? -1, x]])).values()][0] as NdArray;
  (y.data as Float32Array)[0] = Number(y.data[0]) + error;
  writeTensorFile(path.join(folder, "input_0.pb"), { name: "x", dtype: "f32", dims: shape, bytes: encode(x) });
  writeTensorFile(path.join(folder, "output_0.pb"), { name: "y", dtype: "f32", dims: y.shape, bytes: encode(y) });
  model.close();
  return folder;
}

/** The graph with its symbolic batch set. */
function evaluable(graph: ReturnType<typeof openSessionModel>["graph"], shape: readonly number[]) {
  const values = graph.values.map((v) =>
    v?.shape === undefined ? v : { ...v, shape: v.shape.map((d) => (typeof d === "number" ? d : (shape[0] ?? 1))) },
  );
  return { ...graph, values };
}

test("run: stored inputs decide the batch, equal outputs pass, others do not", { skip: noCompiler }, async () => {
  const good = await fusionscope(["run", exampleModel, "--data", storedData("good", 0), "--json"]);
  assert.equal(good.code, 0, good.stderr);
  const result = jsonOf(good) as { ok: boolean; dims: unknown; outputs: { shape: number[] }[] };
  assert.deepEqual([result.ok, result.dims, result.outputs[0]?.shape[0]], [true, { batch: 4 }, 4]);
  const bad = await fusionscope(["run", exampleModel, "--data", storedData("bad", 0.5), "--json"]);
  assert.equal(bad.code, 1);
  assert.equal(jsonOf(bad)["ok"], false);
});

test("the same model, options and profile give byte-identical code and texts", { skip: noCompiler }, async () => {
  const profile = path.join(scratch, "machine.json");
  const machine = { name: "pinned", features: ["avx2", "fma", "f16c"], caches: { l1d: 32768, l2: 1048576, l3: 8388608 }, cores: 4 };
  fs.writeFileSync(profile, JSON.stringify(machine));
  const texts = await Promise.all(
    ["a", "b"].map(async (name) => {
      const folder = path.join(scratch, name);
      const done = await fusionscope([
        "compile",
        exampleModel,
        "--machine",
        profile,
        "--threads",
        "2",
        "--dim",
        "batch=33",
        "--emit",
        folder,
        "--json",
      ]);
      assert.equal(done.code, 0, done.stderr);
      assert.equal(jsonOf(done)["isa"], "avx2", "the profile decides, not this machine");
      const files = fs.readdirSync(folder).filter((f) => f !== "summary.json");
      return Object.fromEntries(files.map((f) => [f, fs.readFileSync(path.join(folder, f), "utf8")]));
    }),
  );
  assert.ok(Object.keys(texts[0] ?? {}).includes("model.cpp") && Object.keys(texts[0] ?? {}).includes("model.s"));
  assert.deepEqual(texts[0], texts[1]);
});

test("a second build comes from the cache, --no-cache builds anew", { skip: noCompiler }, async () => {
  const build = async (...more: string[]) => jsonOf(await fusionscope(["compile", exampleModel, "--json", ...more]));
  const first = await build();
  const second = await build();
  assert.deepEqual([second["cached"], second["sourceHash"]], [true, first["sourceHash"]]);
  assert.equal((await build("--no-cache"))["cached"], false);
});

test("a failed command with --json prints its error as one object; --debug adds a stack trace, nothing else does", async () => {
  const plain = await fusionscope(["compile", path.join(scratch, "absent.onnx"), "--json"]);
  assert.equal(plain.code, 3);
  assert.equal((jsonOf(plain)["error"] as { code: string }).code, "file-unreadable");
  assert.match(plain.stderr, /^error\[file-unreadable\]: [^\n]*\n$/);
  const debug = await fusionscope(["compile", path.join(scratch, "absent.onnx"), "--debug"]);
  assert.match(debug.stderr, /\n +at /);
  assert.equal(debug.stdout, "");
});

test("works from any folder and through a link", async () => {
  const link = path.join(scratch, "fs-link");
  fs.symlinkSync(path.join(root, "bin/fusionscope"), link);
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(link, ["passes"], { cwd: "/" });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.on("error", reject);
    child.on("close", () => resolve(text));
  });
  assert.match(output, /emit-cpp/);
});

test("a reader that goes away is no error", async () => {
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(process.execPath, [path.join(root, "bin/fusionscope"), "ops", "--json"]);
    child.stdout.destroy();
    child.on("close", (status) => resolve(status));
  });
  assert.equal(code, 0);
});

test("an interrupt ends a benchmark with the error `cancelled`", { skip: noCompiler }, async () => {
  await fusionscope(["bench", exampleModel, "--seconds", "0.01", "--baseline", "none"]);
  // A process group of its own, which gets the signal as a whole: as from a terminal.
  const child = spawn(
    process.execPath,
    [path.join(root, "bin/fusionscope"), "bench", exampleModel, "--seconds", "60", "--baseline", "none"],
    { detached: true },
  );
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    if (/^timing/m.test(stderr) && child.pid !== undefined) {
      process.kill(-child.pid, "SIGINT");
      child.stderr.removeAllListeners("data");
      child.stderr.on("data", (rest: Buffer) => (stderr += rest.toString()));
    }
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", (status) => resolve(status)));
  assert.equal(code, 1, stderr);
  assert.match(stderr, /error\[cancelled\]/);
});

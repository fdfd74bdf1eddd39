/** Values of a run in the editor: probed ones are read like constants, of the compilation that they belong to; files find their inputs by name. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions, type Compilation } from "#core";
import { compileModel, findToolchain, localMachine, openSessionModel, ProbedValues, writeNpyFile, type SessionModel } from "#core/io";
import { inputsOfFiles } from "../../extension/features/probe.ts";
import { tensorPage } from "../../extension/worker/tensor-page.ts";
import { tensorStats } from "../../extension/worker/tensor-page-stats.ts";

const skip = await findToolchain().then(
  () => false as const,
  () => "no compiler",
);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-probe-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

function compiled(without: readonly string[]): { readonly model: SessionModel; readonly compilation: Compilation } {
  const model = openSessionModel("test/data/example-mlp.onnx");
  after(() => model.close());
  const compilation = compileModel(model, { ...defaultOptions, dims: { batch: 2 }, without }, localMachine());
  assert.equal(compilation.error, undefined);
  return { model, compilation };
}

const quiet = { signal: new AbortController().signal, event: () => undefined };

test("a probed value is read like a constant, on the file that was given", { skip }, async () => {
  const { model, compilation } = compiled([]);
  const probed = new ProbedValues();
  const [input = -1] = compilation.graph.inputs;
  const width = Number(compilation.graph.values[input]?.shape?.[1]);
  const file = path.join(folder, "x.npy");
  writeNpyFile(file, {
    dtype: "f32",
    dims: [2, width],
    bytes: new Uint8Array(Float32Array.from({ length: 2 * width }, (_, i) => i / 100).buffer),
  });
  const graph = compilation.snapshots[0]!;
  assert.ok("nodes" in graph);
  const [first] = graph.nodes;
  const inner = first!.outputs[0]!;
  const tensor = await probed.probe(model, compilation, inner, { files: { x: file } }, quiet);
  assert.deepEqual([tensor.how, tensor.against?.ok], ["written out", true], JSON.stringify(tensor.against));
  const readable = probed.asConstant(compilation, graph, inner);
  const page = tensorPage(readable, { value: inner, stage: 0, start: 0, count: 4 });
  assert.deepEqual([...page.values], tensor.first?.slice(0, 4));
  const stats = await tensorStats(readable, inner, quiet);
  assert.deepEqual([stats.count, stats.min, stats.max], [tensor.figures?.count, tensor.figures?.min, tensor.figures?.max]);
  const other = compiled([]).compilation;
  assert.equal(probed.asConstant(other, graph, inner), graph, "another compilation has values of its own");
  const given = await probed.probe(model, compilation, input, { files: { x: file } }, quiet);
  assert.equal(given.how, "input");
});

test("files go to the inputs that they are named after", () => {
  const ids = ["input_ids", "model/mask:0"];
  assert.deepEqual(inputsOfFiles(["/d/any.npy"], ["x"]), { x: "/d/any.npy" });
  assert.deepEqual(inputsOfFiles(["/d/input_ids.npy", "/d/model_mask_0.pb"], ids), {
    input_ids: "/d/input_ids.npy",
    "model/mask:0": "/d/model_mask_0.pb",
  });
  assert.deepEqual(inputsOfFiles(["/d/input_1.pb"], ids), { "model/mask:0": "/d/input_1.pb" });
  assert.throws(() => inputsOfFiles(["/d/else.npy"], ids), /input/);
});

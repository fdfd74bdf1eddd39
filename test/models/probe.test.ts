/** Probing: the first wrong tensor is found with the nest that made it, values in memory are those of ONNX Runtime, errors of quantised models are what they are. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { compile, defaultOptions, type Compilation } from "#core";
import {
  compileModel,
  findOrtLibrary,
  findToolchain,
  firstDivergence,
  localMachine,
  lowPrecisionErrors,
  observableValues,
  openSessionModel,
  probeTensors,
  type ProbeSettings,
  type SessionModel,
} from "#core/io";
import { modelInputs } from "../../compiler-core/io/session/run-inputs.ts";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { bertBase, encoder } from "../workloads/transformer.ts";

const noCompiler = await findToolchain().then(
  () => false as const,
  () => "no compiler",
);
const skip = noCompiler === false && findOrtLibrary() === undefined ? "ONNX Runtime is not installed" : noCompiler;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-probe-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const small = { ...bertBase, layers: 2, hidden: 64, heads: 2, inner: 256, vocabulary: 100, positions: 32, seq: 16 };

interface Opened {
  readonly model: SessionModel;
  readonly compilation: Compilation;
  readonly settings: ProbeSettings;
}

function opened(onnx: OnnxModel, without: readonly string[] = []): Opened {
  const file = path.join(folder, `${onnx.graph.name}.onnx`);
  fs.writeFileSync(file, encodeModel(onnx));
  const model = openSessionModel(file);
  after(() => model.close());
  const compilation = compileModel(model, { ...defaultOptions, without, threads: 2 }, localMachine());
  assert.equal(compilation.error, undefined, compilation.error?.message);
  return { model, compilation, settings: { inputs: modelInputs(model, compilation, { seed: 2 }) } };
}

test("an encoder: tensors in memory agree with ONNX Runtime, others are written out", { skip }, async () => {
  const { model, compilation, settings } = opened(encoder("encoder", small));
  const all = await firstDivergence(model, compilation, settings);
  assert.deepEqual([all.ok, all.first, all.against], [true, null, "ort"]);
  assert.ok(all.tensors.length >= 3 && all.unseen > 0, `${all.tensors.length} seen, ${all.unseen} not`);
  const seen = new Set(all.tensors.map((t) => t.name));
  const hidden = model.graph.nodes.find((n) => n.op === "softmax")!.outputs[0]!;
  const name = model.graph.values[hidden]!.name;
  assert.ok(!seen.has(name), "scores are made and used up inside of a nest");
  const [scores, ids] = await probeTensors(model, compilation, [name, "input_ids"], settings);
  assert.deepEqual([scores?.how, scores?.against?.ok, ids?.how], ["written out", true, "input"]);
  assert.ok(Math.abs((scores?.figures?.mean ?? 0) - 1 / small.seq) < 1e-3, "rows of a softmax add up to one");
});

test("code of another graph than the file's diverges at the first tensor that it changes", { skip }, async () => {
  // The planted fault: a compilation of a graph whose second relu is another function.
  const { model, compilation, settings } = opened(mlp("mlp1", 6, [8, 32, 24, 16]), ["chain-nests"]);
  const relus = model.graph.nodes.filter((n) => n.op === "relu");
  const wrong = { ...model.graph, nodes: model.graph.nodes.map((n) => (n === relus[1] ? { ...n, op: "tanh" as const } : n)) };
  const spoilt = compile(wrong, compilation.options, compilation.machine, { now: () => 0 });
  assert.ok(observableValues(spoilt).size > 0);
  // What it is held against stays the right graph.
  const mixed = {
    ...spoilt,
    passes: compilation.passes,
    snapshots: compilation.snapshots.map((s, i) => ("nodes" in s ? s : spoilt.snapshots[i]!)),
  };
  const found = await firstDivergence(model, mixed, settings);
  assert.equal(found.ok, false);
  assert.equal(found.first?.name, model.graph.values[relus[1]!.outputs[0]!]?.name);
  assert.ok(
    found.suspects.some((s) => s.endsWith("Relu")),
    found.suspects.join(),
  );
  assert.equal(found.tensors[0]?.ok, true, "the layer before it is right");
});

test("errors of a quantised model: each tensor in memory, worst first, against the float model", { skip }, async () => {
  const { model, compilation, settings } = opened(mlpInt8("mlp1", 8), ["chain-nests"]);
  const report = await lowPrecisionErrors(model, compilation, settings);
  assert.deepEqual([report.precision, report.reference], ["quantised", "f64"]);
  assert.equal(report.tensors.length, 3, "one for each layer");
  assert.equal(report.outputs.length, 1);
  const ratios = report.tensors.map((t) => t.sqnrDb);
  assert.deepEqual(
    ratios,
    [...ratios].sort((a, b) => a - b),
  );
  // Random bytes as inputs: many results are beyond the greatest code, and cut off.
  for (const t of report.tensors) assert.ok(t.sqnrDb > 5 && t.sqnrDb < 60, `${t.name}: ${t.sqnrDb} dB`);
});

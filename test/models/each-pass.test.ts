/** `check --each-pass`: a right compilation passes, only what changed is evaluated again, and a planted bug is blamed on its pass. */
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { defaultOptions, type Compilation, type Snapshot } from "#core";
import { checkEachPass, compileModel, localMachine, openSessionModel, randomInputs, referenceGraph, type PassCheck } from "#core/io";
import type { OnnxModel } from "../../compiler-core/onnx/model.ts";
import { encodeModel } from "../../compiler-core/onnx/writer.ts";
import { bertBase, encoder } from "../workloads/transformer.ts";
import { mlp, mlpInt8 } from "../workloads/mlp.ts";
import { otherOperator, withBug, wrongStore } from "./each-pass-bugs.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-passes-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
const machine = localMachine();

function compiled(model: OnnxModel): { readonly compilation: Compilation; readonly check: (c: Compilation) => PassCheck[] } {
  const file = path.join(folder, `${model.graph.name}.onnx`);
  fs.writeFileSync(file, encodeModel(model));
  const opened = openSessionModel(file);
  after(() => opened.close());
  const compilation = compileModel(opened, { ...defaultOptions, isa: "avx2", threads: 2 }, machine);
  assert.equal(compilation.error, undefined, compilation.error?.message);
  const inputs = randomInputs(opened.graph, referenceGraph(compilation), 3);
  return { compilation, check: (c) => checkEachPass(c, inputs) };
}

const small = compiled(mlp("mlp1", 5, [8, 48, 32, 16]));
const quantised = compiled(mlpInt8("mlp1", 4));
const attention = compiled(
  encoder("small-encoder", { ...bertBase, layers: 3, hidden: 32, heads: 2, inner: 64, vocabulary: 50, positions: 16, seq: 8 }),
);

for (const [name, model] of Object.entries({ small, quantised, attention })) {
  test(`${name}: no pass changes the result, and most of a model is evaluated once`, () => {
    const rows = model.check(model.compilation);
    assert.deepEqual(
      rows.filter((r) => !r.ok).map((r) => `${r.pass}: ${r.why ?? r.maxAbs}`),
      [],
    );
    const changed = model.compilation.passes.filter((p) => p.status === "changed" && p.level !== "import" && p.level !== "code");
    assert.ok(rows.length > changed.length / 2, "a row for each pass that changed something after shapes are known");
    const whole = rows.reduce((n, r) => n + r.of, 0);
    const again = rows.reduce((n, r) => n + r.evaluated, 0);
    assert.ok(again < whole / 2, `${again} of ${whole} nodes and nests were evaluated`);
  });
}

/** A pass by name, the last time it changed something. */
function stageOf(c: Compilation, pass: string): number {
  const at = c.passes.map((p) => p.name === pass && p.status === "changed").lastIndexOf(true);
  assert.ok(at > 0, `${pass} changes nothing here`);
  return at;
}

const bugs: readonly { readonly model: typeof small; readonly pass: string; readonly spoil: (s: Snapshot) => Snapshot }[] = [
  { model: small, pass: "pack-weights", spoil: otherOperator("relu", "neg") },
  { model: attention, pass: "decompose", spoil: otherOperator("add", "sub") },
  { model: attention, pass: "pack-weights", spoil: otherOperator("mul", "add") },
  { model: small, pass: "lower", spoil: wrongStore },
  { model: small, pass: "vectorise", spoil: wrongStore },
  { model: attention, pass: "forward-stores", spoil: wrongStore },
  { model: attention, pass: "schedule-parallel", spoil: wrongStore },
];

for (const { model, pass, spoil } of bugs) {
  test(`a bug planted in ${pass} of ${model.compilation.graph.name} is found there`, () => {
    const at = stageOf(model.compilation, pass);
    const rows = model.check(withBug(model.compilation, at, spoil));
    const first = rows.find((r) => !r.ok);
    assert.deepEqual([first?.index, first?.pass], [at, pass]);
  });
}

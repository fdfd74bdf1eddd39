import assert from "node:assert/strict";
import { test } from "node:test";
import { isModule, loopSteps, snapshotReply, defaultOptions } from "#core";
import { compileModel, localMachine, openSessionModel } from "#core/io";
import { loopStepsOfTexts } from "../../webview/model/loop-texts.ts";

test("the texts say what the compiler says", () => {
  const model = openSessionModel("test/models/keras-tract.onnx");
  try {
    const compilation = compileModel(model, { ...defaultOptions, isa: "avx512", threads: 2 }, localMachine());
    const texts = compilation.passes.flatMap(({ index, name, level }) => {
      const snapshot = compilation.snapshots[index];
      return snapshot && isModule(snapshot) ? [{ stage: index, pass: name, level, text: snapshotReply(snapshot) }] : [];
    });
    for (const { id } of compilation.graph.nodes) {
      const [have, want] = [loopStepsOfTexts(texts, new Set([id])), loopSteps(compilation, new Set([id]))];
      // A change that the text does not show is no step here.
      const shown = want.filter(({ stage }) => have.some((step) => step.stage === stage));
      assert.deepEqual(have, shown, `node ${id}`);
      assert.ok(have.length > 0 || want.length === 0, `node ${id}`);
      assert.deepEqual(have.at(-1)?.regions, want.at(-1)?.regions, `node ${id} at the end`);
    }
  } finally {
    model.close();
  }
});

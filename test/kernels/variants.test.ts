/** Variants of a model in one shared object (the tuner's points) are loaded one by one, and each computes what the model means. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultOptions } from "#core";
import { compileModel, localMachine, NativeHost, openSessionModel } from "#core/io";
import { buildTogether } from "../../compiler-core/io/session/build-together.ts";
import { randomModelInputs } from "../../compiler-core/io/session/run-inputs.ts";
import { compilerOrReason } from "./native-program.ts";

const compiler = await compilerOrReason();

test("variants built together", { skip: typeof compiler === "string" ? compiler : false }, async () => {
  const model = openSessionModel("test/data/example-mlp.onnx");
  const machine = localMachine();
  const variants = [{}, { without: ["fuse"] }, { threads: 2 }].map((o) => compileModel(model, { ...defaultOptions, ...o }, machine));
  const sources = variants.flatMap(({ source }) => (source === undefined ? [] : [source]));
  assert.equal(sources.length, 3);
  const host = await NativeHost.start();
  try {
    const built = await buildTogether(sources);
    const [names, values] = [model.file.model.graph.inputs.map((i) => i.name), randomModelInputs(model, variants[0]!.graph, 5)];
    const results: number[][] = [];
    for (const code of built) {
      assert.equal(code.sharedObject, built[0]?.sharedObject);
      const loaded = await host.load(code, "variant", code.prefix, false);
      const [output] = await host.run(loaded, host.inputFiles(names, values));
      results.push([...(output?.data as Float32Array)]);
      await host.unload(loaded);
    }
    const [first = []] = results;
    assert.ok(first.some((v) => v !== 0));
    for (const other of results)
      other.forEach((v, i) => assert.ok(Math.abs(v - (first[i] ?? NaN)) <= 1e-5 * Math.abs(v) + 1e-6, `${i}: ${v}`));
  } finally {
    await host.close();
    model.close();
  }
});

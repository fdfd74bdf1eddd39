/** The compiler as a library, without Node: what docs/architecture.md promises, as a program would write it. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import { compile, defaultOptions, importModel, memoryStore, printGraph, readModel, type MachineProfile } from "#core";

test("bytes of a model become C++ for a machine that need not be here, with every step and every decision", () => {
  const bytes = fs.readFileSync("test/data/example-mlp.onnx"); // the one thing that needs Node
  const store = memoryStore(bytes);
  const graph = importModel(readModel(store.source, "example-mlp.onnx"), store);
  assert.match(printGraph(graph), /input %0 "x": f32\[batch, 100\]/);

  const machine: MachineProfile = {
    name: "laptop",
    features: ["avx2", "fma", "f16c"],
    caches: { l1d: 49152, l2: 1 << 20, l3: 1 << 23 },
    cores: 4,
  };
  const stages: string[] = [];
  const done = compile(graph, { ...defaultOptions, threads: 2, dims: { batch: 64 } }, machine, {
    now: () => 0,
    onStage: ({ name, status }) => stages.push(`${name}: ${status}`),
  });
  assert.equal(done.error, undefined);
  assert.deepEqual([stages[0], stages.at(-1)], ["import: changed", "emit-cpp: changed"]);
  assert.ok(done.verdicts.some((v) => v.accepted && v.rule === "fuse/tile"));
  assert.deepEqual(done.unsupported, []);
  assert.match(done.source?.text ?? "", /fs_run/);

  const wrong = compile(graph, { ...defaultOptions, dims: { bach: 64 } }, machine, { now: () => 0 });
  assert.deepEqual([wrong.error?.code, wrong.source], ["dim-unknown", undefined], "an error is a value, beside the stages before it");
});

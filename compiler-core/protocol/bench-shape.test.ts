import assert from "node:assert/strict";
import { test } from "node:test";
import { benchRunOf, isBenchResult } from "./bench-shape.ts";

const result = {
  isa: "avx512",
  threads: 1,
  precision: "f32",
  scope: "model",
  ours: { minMs: 1, medianMs: 1.1, p95Ms: 1.4, runs: 10, ci95: [1, 1.2] },
  baselines: {},
  speedup: {},
  control: { median: 1, ci95: [0.99, 1.01] },
  flops: 1e6,
  gflops: 1,
  bytes: 1e5,
  peakGflops: null,
  peakGBs: 10,
  counters: { cycles: { value: null, valid: false, why: "none here" } },
  regions: [{ group: 0, ns: 1e6 }],
};

test("results of every age are benchmarks; what lacks a time is none", () => {
  assert.equal(isBenchResult(result), true);
  assert.equal(isBenchResult({ ...result, samples: [{ candidate: "ours", rounds: [[1, 2], [3]] }], notes: ["n"] }), true);
  for (const [name, value] of [
    ["ours", { ...result.ours, medianMs: null }],
    ["regions", [{ group: -1, ns: 1 }]],
    ["counters", { cycles: 7 }],
    ["samples", [{ candidate: "ours", rounds: [["1"]] }]],
    ["control", { median: 1, ci95: [1] }],
    ["machine", { cpu: 7 }],
  ] as const)
    assert.equal(isBenchResult({ ...result, [name]: value }), false, name);
  assert.equal(isBenchResult(null), false);
});

test("what the command prints becomes a run, and a run stays as it is", () => {
  const printed = benchRunOf({ schema: 1, model: "m.onnx", ...result, reproduce: "fusionscope bench m.onnx" }, "old.json");
  assert.deepEqual(
    [printed?.model, printed?.scope.kind, printed?.command, printed?.options.isa],
    ["m.onnx", "model", "fusionscope bench m.onnx", "avx512"],
  );
  assert.equal(benchRunOf(printed, "x.json"), printed);
  assert.equal(benchRunOf({ schema: 1 }, "x.json"), undefined);
});

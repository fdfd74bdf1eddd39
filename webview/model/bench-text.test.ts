import assert from "node:assert/strict";
import { test } from "node:test";
import type { BenchResult, BenchRun } from "#protocol";
import {
  baselineName,
  commandIn,
  comparisonText,
  controlText,
  derivedRates,
  findingOf,
  missingCounters,
  optionChanges,
  ratioText,
  runRatios,
} from "./bench-text.ts";

const ratio = (median: number, low: number, high: number) => ({ median, ci95: [low, high] as const });
const quiet = ratio(1, 0.99, 1.01);

test("a ratio says something only beyond noise", () => {
  assert.equal(findingOf(ratio(1.49, 1.46, 1.52), quiet), "faster");
  assert.equal(findingOf(ratio(0.8, 0.7, 0.9), quiet), "slower");
  assert.equal(findingOf(ratio(1.02, 0.98, 1.05), quiet), "undecided");
  assert.equal(findingOf(ratio(1.02, 1.01, 1.03), ratio(1, 0.9, 1.1)), "undecided", "the same code differs as much from itself");
  assert.equal(findingOf(ratio(1.2, 1.05, 1.3), ratio(1, 0.9, 1.1)), "faster");
  assert.equal(findingOf(ratio(NaN, NaN, NaN), quiet), "undecided");
});

test("sentences name the other, the factor and the interval", () => {
  assert.equal(comparisonText("ort", ratio(1.49, 1.46, 1.52), quiet), "1.49 times as fast as ONNX Runtime (1.46× – 1.52×).");
  assert.match(comparisonText("onednn", ratio(0.81, 0.8, 0.82), quiet), /^Slower than oneDNN: 0\.81 times as fast/);
  assert.match(comparisonText("stored:runs/old.json", ratio(1, 0.9, 1.1), quiet), /^No difference to Stored: old\.json/);
  assert.match(controlText({ control: ratio(1.05, 1.02, 1.08) }), /Do not trust/);
  assert.match(controlText({ control: quiet }), /mean nothing/);
  assert.equal(baselineName("toString"), "toString");
  assert.deepEqual([ratioText(1.0042), ratioText(1.5), ratioText(0.951)], ["1.004×", "1.5×", "0.951×"]);
});

const run = (options: Partial<BenchRun["options"]>, result: Partial<BenchResult> = {}, params?: BenchRun["params"]): BenchRun =>
  ({
    options: { isa: "auto", threads: 1, precision: "f32", dims: {}, without: [], force: [], forbid: [], ...options },
    result: { isa: "avx512", scope: "model", ...result },
    ...(params ? { params } : {}),
  }) as unknown as BenchRun;

test("what differs between two runs", () => {
  assert.deepEqual(optionChanges(run({}), run({})), []);
  assert.deepEqual(
    optionChanges(run({ dims: { N: 1 }, without: ["cse"] }), run({ threads: 2, dims: { N: 8 }, without: ["fuse"] }, { isa: "avx2" })),
    ["isa avx512 → avx2", "threads 1 → 2", "N 1 → 8", "− without cse", "+ without fuse"],
  );
  assert.deepEqual(optionChanges(run({}), run({ forbid: [["#1", "#2"]] }, {}, { mc: 96 })), ["mc default → 96", "+ never fused #1+#2"]);
});

const result = (medianMs: number, ort?: number): BenchResult =>
  ({
    ours: { medianMs, ci95: [medianMs * 0.99, medianMs * 1.01] },
    speedup: ort === undefined ? {} : { ort: ratio(ort, ort * 0.98, ort * 1.02) },
  }) as unknown as BenchResult;

test("two runs compare absolutely, and through a baseline of both", () => {
  const [absolute, through] = runRatios(result(2, 1.2), result(1, 2.4));
  assert.equal(absolute?.ratio.median, 2);
  assert.ok((absolute?.ratio.ci95[0] ?? 0) < 1.97 && (absolute?.ratio.ci95[1] ?? 0) > 2.03, "as wide as both intervals together");
  assert.equal(through?.through, "ort");
  assert.ok(Math.abs((through?.ratio.median ?? 0) - 2) < 1e-9);
  assert.equal(runRatios(result(2, 1), result(1)).length, 1);
});

test("missing counters are grouped by their reason, and rates only made of what is there", () => {
  const none = (why: string) => ({ value: null, valid: false, why });
  const groups = missingCounters({ a: none("x"), cycles: none("no PMU"), instructions: none("no PMU"), faults: { value: 0, valid: true } });
  assert.deepEqual(groups, [
    { why: "no PMU", names: ["cycles", "instructions"] },
    { why: "x", names: ["a"] },
  ]);
  const rates = derivedRates({
    cycles: { value: 100, valid: true },
    instructions: { value: 250, valid: true },
    "branch-misses": none("y"),
  });
  assert.deepEqual(rates, [["instructions per cycle", "2.5"]]);
  assert.equal(commandIn("not allowed: run `sudo sysctl kernel.perf_event_paranoid=1`"), "sudo sysctl kernel.perf_event_paranoid=1");
  assert.equal(commandIn("no PMU"), undefined);
});

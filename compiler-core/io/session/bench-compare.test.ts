import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { UserError } from "../../messages.ts";
import type { BenchResult } from "../../protocol/index.ts";
import { compareWithStored, comparisonWarnings, ratioOfFigures, readStoredResult } from "./bench-compare.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fusionscope-compare-"));
after(() => fs.rmSync(folder, { recursive: true }));

/** Rounds of one run each around `ms`, with a spread of `spread`, and ONNX Runtime at 2 ms. */
function result(ms: number, spread: number, drift = 1): BenchResult {
  const ns = (middle: number): number[][] =>
    Array.from({ length: 40 }, (_, i) => [middle * 1e6 * drift * (1 + spread * Math.sin(i * 2.4))]);
  const timing = (middle: number) => {
    const m = middle * drift;
    return {
      minMs: m * (1 - spread),
      medianMs: m,
      p95Ms: m * (1 + spread),
      runs: 40,
      ci95: [m * (1 - spread / 3), m * (1 + spread / 3)] as const,
    };
  };
  return {
    isa: "avx2",
    threads: 1,
    precision: "f32",
    scope: "model",
    ours: timing(ms),
    baselines: { ort: { ...timing(2), version: "1.30.0" } },
    speedup: {},
    control: { median: 1, ci95: [1, 1] },
    flops: 1e9,
    gflops: 1,
    bytes: 1,
    peakGflops: null,
    peakGBs: null,
    counters: {},
    regions: [],
    samples: [
      { candidate: "ours", rounds: ns(ms), sessions: [20, 20] },
      { candidate: "ort", rounds: ns(2), sessions: [20, 20] },
    ],
  };
}

const stored = (r: BenchResult) => ({ file: "old.json", result: r });
const withoutSamples = ({ samples: _, ...r }: BenchResult): BenchResult => r;

test("10 % slower with narrow intervals is a regression, 1 % is none", () => {
  const slower = compareWithStored(stored(result(1, 0.01)), result(1.1, 0.01));
  assert.ok(slower.regression && slower.ratio.ci95[1] < 1, JSON.stringify(slower));
  assert.ok(!compareWithStored(stored(result(1, 0.001)), result(1.01, 0.001)).regression);
  assert.ok(!compareWithStored(stored(result(1, 0.01)), result(0.5, 0.01)).regression);
});

test("an interval that holds 1 is no regression, whatever the median", () => {
  const noisy = withoutSamples(result(1, 0.9));
  const c = compareWithStored(stored(noisy), withoutSamples(result(1.2, 0.9)));
  assert.ok(c.ratio.ci95[0] < 1 && c.ratio.ci95[1] > 1 && !c.regression, JSON.stringify(c));
});

test("a machine that is slower for everybody is no regression: the ratio goes through the shared baseline", () => {
  const c = compareWithStored(stored(result(1, 0.01)), result(1, 0.01, 1.5));
  assert.deepEqual([c.method, c.through, c.regression], ["paired", "ort", false]);
  assert.ok(Math.abs(c.ratio.median - 1) < 0.01);
  const alone = compareWithStored(stored(withoutSamples(result(1, 0.01))), result(1, 0.01, 1.5));
  assert.deepEqual([alone.method, alone.regression], ["absolute", true]);
});

test("errors of two independent figures add in squares", () => {
  const r = ratioOfFigures({ median: 2, ci95: [2 / 1.03, 2 * 1.03] }, { median: 1, ci95: [1 / 1.04, 1.04] });
  assert.equal(r.median, 2);
  assert.ok(Math.abs(Math.log(r.ci95[1] / 2) - Math.hypot(Math.log(1.03), Math.log(1.04))) < 1e-12);
  assert.ok(Math.abs(Math.log(2 / r.ci95[0]) - Math.hypot(Math.log(1.03), Math.log(1.04))) < 1e-12);
});

test("what was measured differently is warned of", () => {
  const now = result(1, 0.01);
  assert.deepEqual(comparisonWarnings(stored(now), now), []);
  const [warning] = comparisonWarnings(stored({ ...now, threads: 2, isa: "avx512" }), now);
  assert.match(warning?.text ?? "", /isa was avx512, threads was 2/);
  const [other] = comparisonWarnings(stored({ ...now, modelHash: "a" }), { ...now, modelHash: "b" });
  assert.match(other?.text ?? "", /the model was another/);
  assert.deepEqual(comparisonWarnings(stored(now), { ...now, modelHash: "b" }), []);
});

test("a stored result is read back; other files are refused with a code", () => {
  const file = path.join(folder, "stored.json");
  fs.writeFileSync(file, JSON.stringify({ schema: 1, ...result(1, 0.01) }));
  assert.equal(readStoredResult(file).result.ours.medianMs, 1);
  for (const text of ["{", "[]", "null", "{}", '{"ours":null,"scope":"model"}', '{"ours":{"medianMs":"1"},"scope":"model"}']) {
    fs.writeFileSync(file, text);
    assert.throws(
      () => readStoredResult(file),
      (e) => e instanceof UserError && e.code === "bench-stored",
    );
  }
  assert.throws(
    () => readStoredResult(path.join(folder, "none.json")),
    (e) => e instanceof UserError && e.code === "file-unreadable",
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  effectiveSize,
  medianInterval,
  medianRanks,
  pairedRatio,
  quantile,
  ratioOfSessions,
  seriesInterval,
  timing,
  timingOfSessions,
} from "./statistics.ts";

test("ranks of the median's interval are the tabulated ones", () => {
  // n and the 1-based ranks of the 95 % interval (Conover, Practical Nonparametric Statistics, sign test).
  const table: readonly (readonly [number, number, number])[] = [
    [6, 1, 6],
    [9, 2, 8],
    [12, 3, 10],
    [20, 6, 15],
    [100, 40, 61],
  ];
  for (const [n, low, high] of table) assert.deepEqual(medianRanks(n), [low - 1, high - 1], `n = ${n}`);
});

test("few samples give the whole range, none give NaN", () => {
  assert.deepEqual(medianInterval([3, 1, 2]), { median: 2, ci95: [1, 3] });
  assert.ok(Number.isNaN(medianInterval([]).median));
  assert.deepEqual(medianRanks(5000)[0] > 2400, true);
});

test("the interval covers the true median about 95 times in 100", () => {
  let seed = 7;
  const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
  let covered = 0;
  const trials = 2000;
  for (let i = 0; i < trials; i++) {
    // Exponential: skewed like run times; its median is ln 2.
    const { ci95 } = medianInterval(Array.from({ length: 31 }, () => -Math.log(random())));
    if (ci95[0] <= Math.LN2 && Math.LN2 <= ci95[1]) covered++;
  }
  assert.ok(covered / trials > 0.94 && covered / trials < 0.985, `${covered} of ${trials}`);
});

test("a paired ratio cancels what slows both", () => {
  const load = [1, 5, 1, 9, 2, 1, 7, 1];
  const ratio = pairedRatio(
    load.map((l) => 3 * l),
    load.map((l) => 2 * l),
  );
  assert.equal(ratio.median, 1.5);
  assert.deepEqual(ratio.ci95, [1.5, 1.5]);
});

test("quantiles interpolate", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(timing([4, 1, 3, 2]).minMs, 1);
});

/** Uniform numbers in (0, 1) by Park and Miller. */
function generator(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

test("independent samples count each, neighbours that are alike count less", () => {
  const random = generator(11);
  const independent = Array.from({ length: 400 }, random);
  assert.ok(effectiveSize(independent) > 250, `${effectiveSize(independent)}`);
  const alike = Array.from({ length: 40 }, () => random()).flatMap((level) => Array.from({ length: 10 }, () => level + 0.001 * random()));
  assert.ok(effectiveSize(alike) < 90, `${effectiveSize(alike)}`);
  assert.equal(effectiveSize([1, 2, 3]), 3);
  assert.equal(effectiveSize(new Array<number>(50).fill(1)), 50);
});

test("the interval of a series covers the median about 95 times in 100 when neighbours are alike, too", () => {
  const random = generator(5);
  let covered = 0;
  const trials = 400;
  for (let t = 0; t < trials; t++) {
    // Stretches of eight rounds that share most of their noise; the true median is 0.
    const series = Array.from({ length: 25 }, () => random() - 0.5).flatMap((level) =>
      Array.from({ length: 8 }, () => level + 0.1 * (random() - 0.5)),
    );
    const { ci95 } = seriesInterval([series]);
    if (ci95[0] <= 0 && 0 <= ci95[1]) covered++;
  }
  assert.ok(covered / trials > 0.9, `${covered} of ${trials}`);
});

test("sessions that differ by more than their rounds widen the interval to their medians", () => {
  const session = (level: number): number[] => Array.from({ length: 30 }, (_, i) => level + 0.001 * Math.sin(i));
  const { median, ci95 } = seriesInterval([session(1), session(1.02), session(1.05)]);
  assert.ok(ci95[0] <= 1.001 && ci95[1] >= 1.049, `${median} [${ci95.join(", ")}]`);
  assert.ok(Math.abs(median - 1.02) < 0.005);
});

test("ratios and times of sessions", () => {
  const rounds = (ms: number): number[][] => Array.from({ length: 12 }, (_, i) => [ms * (1 + i / 100), ms * (1 + i / 100)]);
  const ratio = ratioOfSessions([rounds(3), rounds(3)], [rounds(2), rounds(2)]);
  assert.ok(Math.abs(ratio.median - 1.5) < 1e-9 && Math.abs(ratio.ci95[0] - 1.5) < 1e-9);
  const t = timingOfSessions([rounds(2), rounds(2)]);
  assert.deepEqual([t.runs, t.minMs], [48, 2]);
  assert.ok(t.ci95[0] <= t.medianMs && t.medianMs <= t.ci95[1]);
});

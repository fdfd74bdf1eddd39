import assert from "node:assert/strict";
import { test } from "node:test";
import { medianInterval, medianRanks, pairedRatio, quantile, timing } from "./statistics.ts";

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

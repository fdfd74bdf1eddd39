import assert from "node:assert/strict";
import { test } from "node:test";
import { ascending, density, quantile, shownRange, thinned } from "./samples.ts";

test("quantiles between samples are interpolated", () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.equal(quantile([7], 0.98), 7);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test("a few of many keep both ends and the order", () => {
  const list = Array.from({ length: 1000 }, (_, i) => i);
  const few = thinned(list, 7);
  assert.equal(few.length, 7);
  assert.deepEqual([few[0], few[6]], [0, 999]);
  assert.deepEqual([...few], ascending(few));
  assert.equal(thinned(list, 1000), list);
});

test("two heaps of times are two hills, and one value is a peak at it", () => {
  const heaps = ascending([
    ...Array.from({ length: 50 }, (_, i) => 10 + (i % 5) / 10),
    ...Array.from({ length: 50 }, (_, i) => 14 + (i % 5) / 10),
  ]);
  const places = Array.from({ length: 41 }, (_, i) => 8 + i * 0.2);
  const hills = density(heaps, places);
  const at = (x: number): number => hills[Math.round((x - 8) / 0.2)] as number;
  assert.ok(at(10.2) > 2 * at(12.2) && at(14.2) > 2 * at(12.2), hills.map((h) => h.toFixed(2)).join(" "));
  const one = density([5, 5, 5], [4, 5, 6]);
  assert.equal(one.indexOf(1), 1);
  assert.deepEqual(density([], [1, 2]), [0, 0]);
});

test("an axis leaves out the rarest slow runs, and goes by ratios when candidates are far apart", () => {
  const calm = ascending(Array.from({ length: 100 }, (_, i) => (i === 99 ? 500 : 10 + i / 100)));
  const { from, to, log } = shownRange([calm, calm.map((x) => x * 1.2)]);
  assert.ok(from > 9 && from < 10 && to > 13 && to < 20 && !log, `${from} to ${to}`);
  assert.equal(shownRange([calm, calm.map((x) => x * 8)]).log, true);
  assert.deepEqual(shownRange([[], []]), { from: 0, to: 1, log: false });
  const flat = shownRange([[3, 3, 3]]);
  assert.ok(flat.from < 3 && flat.to > 3);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ranksOf, spearman } from "./rank-correlation.ts";

test("equal values share the mean of their ranks", () => {
  assert.deepEqual(ranksOf([10, 30, 20, 20]), [1, 4, 2.5, 2.5]);
});

test("order alone counts; what does not vary has no correlation", () => {
  assert.equal(spearman([1, 2, 3, 4], [10, 100, 1000, 1e9]), 1);
  assert.equal(spearman([1, 2, 3, 4], [4, 3, 2, 1]), -1);
  // 1 - 6 * (1 + 1) / (5 * 24), by the formula without ties
  assert.ok(Math.abs((spearman([1, 2, 3, 4, 5], [2, 1, 3, 4, 5]) ?? 0) - 0.9) < 1e-12);
  assert.equal(spearman([1, 1, 1], [1, 2, 3]), null);
});

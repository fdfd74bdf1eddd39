import assert from "node:assert/strict";
import { test } from "node:test";
import { fromValues } from "../graph/ndarray.ts";
import { accuracy, difference, maxDifference, spread } from "./accuracy.ts";

const f32 = (...v: number[]) => fromValues("f32", [v.length], v);
const f64 = (...v: number[]) => fromValues("f32", [v.length], v, "f64");

test("equal NaNs and infinities do not differ, others do", () => {
  assert.equal(difference(NaN, NaN), 0);
  assert.equal(difference(Infinity, Infinity), 0);
  assert.equal(difference(Infinity, -Infinity), Infinity);
  assert.equal(difference(NaN, 1), Infinity);
  assert.equal(difference(0, -0), 0);
  assert.deepEqual(maxDifference([1, 2], [1, 1]), { maxAbs: 1, maxRel: 0.5 });
});

test("twice the reference's error and 4 ulp of the magnitude are allowed, no more", () => {
  const exact = f64(1, 2);
  const ulp = 2 ** -23;
  const at = (error: number) => accuracy(f32(1 + error, 2), f32(1, 2), exact, 1);
  assert.equal(at(4 * ulp).ok, true);
  assert.equal(at(5 * ulp).ok, false);
  assert.match(at(5 * ulp).why ?? "", /element 0/);
  const loose = accuracy(f32(1 + 12 * ulp, 2), f32(1 + 4 * ulp, 2), exact, 1);
  assert.equal(loose.ok, true);
  assert.equal(loose.limit, 12 * ulp);
  assert.equal(accuracy(f32(1 + 64 * ulp, 2), f32(1, 2), exact, 16).ok, true, "a greater magnitude allows more");
});

test("integers must be equal", () => {
  const i = (v: number) => fromValues("i32", [1], [v]);
  assert.equal(accuracy(i(3), i(3), i(3), 100).ok, true);
  assert.equal(accuracy(i(4), i(3), i(3), 100).ok, false);
});

test("a NaN of ours is not hidden", () => {
  assert.equal(accuracy(f32(NaN), f32(1), f64(1), 1).ok, false);
  assert.equal(accuracy(f32(1), f32(NaN), f64(1), 1).ok, true, "an error of the reference alone is not ours");
});

test("degenerate outputs are found", () => {
  assert.equal(spread(f32(0.1, -0.2, 0.3)).degenerate, false);
  assert.deepEqual(spread(f32(0, 0, 0, 1)), { nonZero: 0.25, saturated: 0.75, degenerate: true });
  assert.equal(spread(f32(1, 1, 1, 0.5)).degenerate, true);
  assert.equal(spread(f32(NaN, NaN, 1)).degenerate, true);
  assert.equal(spread(f32(5)).degenerate, false);
});

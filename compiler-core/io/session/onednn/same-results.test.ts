import assert from "node:assert/strict";
import { test } from "node:test";
import { fromValues } from "../../../graph/ndarray.ts";
import { farFrom } from "./same-results.ts";

const floats = (...values: number[]) => fromValues("f32", [values.length], values);
const bytes = (...values: number[]) => fromValues("u8", [values.length], values);

test("rounding passes, other values do not", () => {
  assert.equal(farFrom(floats(1, 2, 1000), floats(1.0001, 2.1, 1000.5)), undefined);
  assert.match(farFrom(floats(1, 2), floats(1, 2.1)) ?? "", /off by up to 0\.1/);
  assert.match(farFrom(floats(1, 2), floats(1, NaN)) ?? "", /NaN instead of 2/);
  assert.match(farFrom(floats(0, 0), floats(0, 1e-6)) ?? "", /off/);
  assert.equal(farFrom(floats(NaN, -Infinity), floats(NaN, -Infinity)), undefined);
});

test("bytes may be some steps off, but not on average", () => {
  assert.equal(farFrom(bytes(10, 20, 30, 40), bytes(11, 20, 30, 40)), undefined);
  assert.match(farFrom(bytes(10, 20, 30, 40), bytes(12, 21, 31, 41)) ?? "", /on average/);
  assert.match(farFrom(bytes(10, 20), bytes(30, 20)) ?? "", /up to 20/);
});

test("behind roundings to 8 bits, differences are measured by their mean square", () => {
  const values = Array.from({ length: 100 }, (_, i) => Math.sin(i));
  const near = values.map((v, i) => v + 0.02 * Math.cos(7 * i));
  const far = values.map((v, i) => v + 0.1 * Math.cos(7 * i));
  assert.match(farFrom(floats(...values), floats(...near)) ?? "", /off/);
  assert.equal(farFrom(floats(...values), floats(...near), true), undefined);
  assert.match(farFrom(floats(...values), floats(...far), true) ?? "", /off/);
});

test("another number of results is no match", () => {
  assert.match(farFrom(floats(1), undefined) ?? "", /another shape/);
  assert.match(farFrom(floats(1), floats(1, 2)) ?? "", /another shape/);
});

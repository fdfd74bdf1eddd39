/** Fast integers against the semantics table, for every operator, type and pair of awkward numbers; and walks over collapsed axes against plain ones. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dtypes, type DType } from "../support/dtype.ts";
import { integerRange } from "../tensor/rounding.ts";
import { binaryMeaning, binaryTakes, evalBinary, evalCast, type Scalar } from "../tensor/semantics.ts";
import type { BinaryOp } from "../tensor/ir.ts";
import { mapElements } from "./eval-elementwise.ts";
import { integerBinary, integerCast, isNarrowInteger } from "./eval-integer.ts";
import { fromValues, toNumbers } from "./ndarray.ts";

const narrow = dtypes.filter(isNarrowInteger);
const awkward = (dtype: DType): number[] => {
  const { lowest, highest } = integerRange(dtype);
  const near = [lowest, lowest + 1n, -7n, -2n, -1n, 0n, 1n, 2n, 3n, 100n, highest / 2n, highest - 1n, highest];
  return [...new Set(near.filter((v) => v >= lowest && v <= highest).map(Number))];
};

test("binary operators on integers are what the table says", () => {
  const asked = new Set<string>();
  for (const dtype of narrow)
    for (const op of Object.keys(binaryMeaning) as BinaryOp[]) {
      const fast = binaryTakes(op, dtype) ? integerBinary(op, dtype) : undefined;
      if (fast === undefined) continue;
      asked.add(op);
      for (const a of awkward(dtype))
        for (const b of awkward(dtype)) assert.ok(Object.is(fast(a, b), evalBinary(op, dtype, a, b, "native")), `${dtype} ${a} ${op} ${b}`);
    }
  assert.equal(asked.size, 10);
});

test("casts from integers are what the table says", () => {
  for (const from of narrow)
    for (const to of dtypes)
      for (const mode of ["native", "f64"] as const) {
        const fast = integerCast(from, to, mode, undefined);
        if (fast !== undefined)
          for (const v of awkward(from)) assert.ok(Object.is(fast(v), evalCast(from, to, v, mode)), `${from} ${v} to ${to}`);
      }
});

test("operands are walked in the order of their axes, whatever is broadcast", () => {
  const shapes: readonly (readonly number[])[] = [[], [1], [5], [3, 1], [1, 5], [2, 1, 1], [2, 3, 5], [2, 1, 5], [1, 1, 1], [2, 3, 1]];
  const out = [2, 3, 5];
  const whole = out.reduce((a, d) => a * d, 1);
  for (const dtype of ["i32", "i64", "f32"] as const)
    for (const shape of shapes) {
      const count = shape.reduce((a, d) => a * d, 1);
      const values = Array.from({ length: count }, (_, i) => i + 1);
      const ids = fromValues(
        dtype,
        out,
        Array.from({ length: whole }, (_, i) => 1000 * i),
      );
      const f = ([a, b]: Scalar[]): Scalar => Number(a) + Number(b);
      const got = toNumbers(mapElements(f, [fromValues(dtype, shape, values), ids], out, dtype, "native"));
      const own = [1, 1, 1].map((_, axis) => shape[shape.length - 3 + axis] ?? 1);
      const at = (i: number): number => {
        const place = [Math.floor(i / 15), Math.floor(i / 5) % 3, i % 5].map((p, axis) => (own[axis] === 1 ? 0 : p));
        return (place[0]! * own[1]! + place[1]!) * own[2]! + place[2]!;
      };
      assert.deepEqual(
        got,
        Array.from({ length: whole }, (_, i) => values[at(i)]! + 1000 * i),
        `${dtype} ${shape.join("x")}`,
      );
    }
});

test("batches cut long rows without a seam", () => {
  const n = 2500;
  const long = fromValues(
    "u8",
    [n],
    Array.from({ length: n }, (_, i) => i % 251),
  );
  const got = toNumbers(mapElements(([a]) => a!, [long], [n], "i32", "native"));
  assert.ok(got.every((v, i) => v === i % 251));
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { inferOp, withDefaults } from "../infer.ts";
import type { Attrs, Shape } from "../ir.ts";
import { fromValues, toNumbers, type NdArray, type Scalar } from "../ndarray.ts";
import type { DType } from "../../support/dtype.ts";
import { opOf, type OpName } from "./index.ts";
import { isRefusal, type TensorType } from "./op.ts";

type Operand = NdArray | TensorType;
const isData = (x: Operand): x is NdArray => "data" in x;
const type = (dtype: DType, ...shape: (number | string)[]): TensorType => ({ dtype, shape: shape as Shape });
const data = (dtype: DType, shape: readonly number[], ...values: Scalar[]): NdArray => fromValues(dtype, shape, values);

function inferred(op: OpName, operands: readonly Operand[], attrs: Attrs = {}, outputs = 1): readonly TensorType[] | string {
  const known = (i: number): NdArray | undefined => (isData(operands[i]!) ? operands[i] : undefined);
  const found = inferOp(op, { inputs: operands, attrs: withDefaults(op, attrs), outputs, known });
  return isRefusal(found) ? found.reason : found;
}
const text = (found: readonly TensorType[] | string): string =>
  typeof found === "string" ? found : found.map((t) => `${t.dtype}[${t.shape?.join(", ") ?? "*"}]`).join(" ");

function evaluated(op: OpName, operands: readonly NdArray[], attrs: Attrs = {}, outputs = 1): readonly (readonly number[])[] {
  const types = inferred(op, operands, attrs, outputs);
  if (typeof types === "string") throw new Error(types);
  const shaped = types.map((t) => ({ dtype: t.dtype, shape: t.shape as readonly number[] }));
  const full = withDefaults(op, attrs);
  const canonical = opOf(op).normalise?.(operands, full) ?? full;
  return opOf(op).eval!({ inputs: operands, attrs: canonical, outputs: shaped, mode: "native" }).map(toNumbers);
}

const types: readonly (readonly [name: string, found: () => readonly TensorType[] | string, want: string])[] = [
  ["late axes", () => inferred("reduce-sum", [type("f32", "N", 3, 4), type("i64", 1)], { keepdims: false }), "f32[?, ?]"],
  ["late axes, kept", () => inferred("reduce-sum", [type("f32", "N", 1, 4), type("i64", "K")]), "f32[?, 1, ?]"],
  ["known axes", () => inferred("reduce-sum", [type("f32", "N", 3, 4), data("i64", [1], -2n)]), "f32[N, 1, 4]"],
  ["no axes", () => inferred("reduce-max", [type("f32", "N", 3), data("i64", [0])], { noop: true }), "f32[N, 3]"],
  ["arg-max", () => inferred("arg-max", [type("u8", "N", 3, 4)], { axis: 1, keepdims: false }), "i64[N, 4]"],
  ["arg-max of nothing", () => inferred("arg-max", [type("f32", 3, 0)], { axis: 1 }), "axis 1 of 3x0 has no elements"],
  ["integer product", () => inferred("matmul-integer", [type("u8", "N", 5), type("i8", 5, 7)]), "i32[N, 7]"],
  [
    "zero point per row of k",
    () => inferred("matmul-integer", [type("u8", 4, 5), type("u8", 5, 7), type("u8"), type("u8", 5, 1)]),
    "a zero point of 5x1 does not fit an operand of 5x7",
  ],
  ["packed weight", () => inferred("pack-integer", [type("i8", 5, 70)], { panel: 32 }, 2), "i8[3, 2, 32, 4] i32[70]"],
  ["einsum", () => inferred("einsum", [type("f32", "B", 3, 5), type("f32", 5, 7)], { equation: "bij,jk" }), "f32[B, 3, 7]"],
  ["blocks", () => inferred("dequantize-linear", [type("u8", 20, 3), type("f32", 2, 3)], { axis: 0, block: 16 }), "f32[20, 3]"],
  [
    "blocks that do not fit",
    () => inferred("dequantize-linear", [type("u8", 20, 3), type("f32", 3, 3)], { axis: 0, block: 16 }),
    "a scale of 3x3 does not fit axis 0 of 20x3",
  ],
];
for (const [name, found, want] of types) test(`type: ${name}`, () => assert.equal(text(found()), want));

const pair = [data("u8", [2, 2], 1, 2, 3, 4), data("i8", [2, 2], 1, -1, 2, 0)] as const;
const values: readonly (readonly [name: string, run: () => readonly (readonly number[])[], want: readonly (readonly number[])[]])[] = [
  ["integer product", () => evaluated("matmul-integer", pair), [[5, -1, 11, -3]]],
  ["zero points", () => evaluated("matmul-integer", [...pair, data("u8", [2], 1, 3), data("i8", [2], 1, 0)]), [[1, 0, 1, 0]]],
  ["32-bit products wrap", () => evaluated("matmul", [data("i32", [1, 2], 65536, 3), data("i32", [2, 1], 65537, 5)]), [[65551]]],
  ["first of equals", () => evaluated("arg-max", [data("f32", [4], 1, 3, 3, 0)], { keepdims: false }), [[1]]],
  ["last of equals", () => evaluated("arg-max", [data("f32", [4], 1, 3, 3, 0)], { keepdims: false, lastIndex: true }), [[2]]],
  ["hardmax", () => evaluated("hardmax", [data("f32", [2, 3], 1, 3, 3, 0, -1, 0)]), [[0, 1, 0, 1, 0, 0]]],
  ["trace", () => evaluated("einsum", [data("i64", [2, 2], 1n, 2n, 3n, 4n)], { equation: "ii" }), [[5]]],
  [
    "blocks of two",
    () =>
      evaluated("dequantize-linear", [data("u8", [3], 10, 20, 30), data("f32", [2], 1, 2), data("u8", [2], 5, 0)], { axis: 0, block: 2 }),
    [[5, 15, 60]],
  ],
  [
    "int32 differences wrap",
    () => evaluated("dequantize-linear", [data("i32", [1], -2147483648), data("f32", [], 1), data("i32", [], 1)]),
    [[2147483648]],
  ],
];
for (const [name, run, want] of values) test(`value: ${name}`, () => assert.deepEqual(run(), want));

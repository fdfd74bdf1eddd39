/**
 * Integer products with a right operand in a kernel's layout: `pack-integer` interleaves four rows of it at a time in panels of columns and sums
 * its columns, u8 as u8 - 128; `matmul-packed` multiplies; `start-values` is what the zero point of the left operand contributes to a column,
 * made once where it is constant. Made by `pack-weights`.
 */
import type { DType } from "../../support/dtype.ts";
import { binary, cast, constant } from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import type { NdArray } from "../ndarray.ts";
import { elementwise } from "./elementwise.ts";
import { intAttr, type Op } from "./op.ts";
import { packedProductOp, packOp, type PanelFormat } from "./packed-panels.ts";

const format: PanelFormat = { depth: 4, dtype: "i8", from: ["i8", "u8"], left: ["u8", "i8"], sum: "i32" };

/** What is taken off the elements of this type when they are packed: the kernel's right operand is signed. */
export const packedLess = (dtype: DType): number => (dtype === "u8" ? 128 : 0);

/** What a kernel adds to the elements of its left operand: without tiles, signed bytes are read as unsigned ones. */
export const kernelShift = (kernel: string): number => (kernel === "gemm_s8s8" ? 128 : 0);

export const packInteger = packOp(format, {
  what: "a weight of 8-bit integers in column panels of four interleaved rows, and the sums of its columns",
  element: (v, dtype) => v - packedLess(dtype),
  columnSums: true,
});

export const matmulPacked = packedProductOp(format, {
  what: "matmul-integer with a weight from pack-integer: operand, panels, column sums, zero point of the operand, zero points of the columns, start values",
  arity: [3, 6],
  attrs: { less: { kind: "int", default: 0, what: "what the packed elements, and so the zero points of the columns, have less" } },
  zeros: ({ inputs, attrs }) => {
    const [, , , zeroA, zeroB] = inputs;
    const of = (zeros: NdArray | null | undefined, j: number): number =>
      zeros == null ? 0 : Number(zeros.data[zeros.data.length === 1 ? 0 : j]);
    return { left: of(zeroA, 0), column: (j) => of(zeroB, j) - intAttr(attrs, "less") };
  },
});

export const startValues: Op = elementwise({
  what: "what the zero point of the left operand adds to the sums of a column: zero point * (k * zero point of the column - sum of the column)",
  arity: [1, 2],
  accepts: ["i32", "u8", "i8"],
  attrs: {
    k: { kind: "int", what: "products of a sum" },
    left: { kind: "int", what: "zero point of the left operand, as the kernel reads it" },
    less: { kind: "int", default: 0, what: "what the packed elements, and so the zero points of the columns, have less" },
  },
  cost: 4,
  asIs: true,
  result: () => "i32",
  body: ([sums, zeroB], attrs) => {
    const number = (v: number): Expr => constant(v, "i32", sums!.type.lanes);
    const less = number(-intAttr(attrs, "less"));
    const column = zeroB === undefined ? less : binary("add", cast(zeroB, "i32"), less);
    return binary("mul", number(intAttr(attrs, "left")), binary("sub", binary("mul", number(intAttr(attrs, "k")), column), sums!));
  },
});

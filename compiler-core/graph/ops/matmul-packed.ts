/**
 * Integer products with a right operand in a kernel's layout: `pack-integer` interleaves four rows of it at a time in panels of columns and sums
 * its columns, u8 as u8 - 128; `matmul-packed` multiplies; `start-values` is what the zero point of the left operand contributes to a column,
 * made once where it is constant. Made by `pack-weights`.
 */
import type { DType } from "../../support/dtype.ts";
import { binary, cast, constant } from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import { shapeText } from "../dims.ts";
import { elementwise } from "./elementwise.ts";
import { allocate, count, type NdArray, type NumberArray } from "../ndarray.ts";
import {
  boolAttr,
  elementCount,
  intAttr,
  noFlops,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

/** Rows of the weight that lie together: the products of one step of the kernel. */
const depth = 4;
const panelShape = (k: number, n: number, panel: number): readonly number[] => [Math.ceil(n / panel), Math.ceil(k / depth), panel, depth];

/** What is taken off the elements of this type when they are packed: the kernel's right operand is signed. */
export const packedLess = (dtype: DType): number => (dtype === "u8" ? 128 : 0);

/** What a kernel adds to the elements of its left operand: without tiles, signed bytes are read as unsigned ones. */
export const kernelShift = (kernel: string): number => (kernel === "gemm_s8s8" ? 128 : 0);

function inferPack({ inputs, attrs }: InferCall): Inferred {
  const b = inputs[0]!;
  const [rows, columns] = b.shape ?? [];
  const [k, n] = boolAttr(attrs, "transB") ? [columns, rows] : [rows, columns];
  if (b.dtype !== "i8" && b.dtype !== "u8") return refuse("dtype", `weights of type ${b.dtype} are not packed`);
  if (b.shape?.length !== 2 || typeof k !== "number" || typeof n !== "number")
    return refuse("shape", `a weight of ${shapeText(b.shape)} is not a matrix`);
  return [
    { dtype: "i8", shape: panelShape(k, n, intAttr(attrs, "panel")) },
    { dtype: "i32", shape: [n] },
  ];
}

/** Where element (p, j) of the weight lies. */
const placeOf = (p: number, j: number, k: number, panel: number): number =>
  Math.floor(j / panel) * Math.ceil(k / depth) * panel * depth + (Math.floor(p / depth) * panel + (j % panel)) * depth + (p % depth);

function evalPack({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const b = inputs[0]!;
  const [rows, columns] = b.shape as readonly [number, number];
  const transB = boolAttr(attrs, "transB");
  const [k, n] = transB ? [columns, rows] : [rows, columns];
  const [panels, sums] = outputs.map((t) => allocate(t.dtype, t.shape, mode)) as [NdArray, NdArray];
  for (let p = 0; p < k; p++) {
    for (let j = 0; j < n; j++) {
      const x = Number(b.data[transB ? j * k + p : p * n + j]) - packedLess(b.dtype);
      (panels.data as NumberArray)[placeOf(p, j, k, intAttr(attrs, "panel"))] = x;
      (sums.data as NumberArray)[j]! += x;
    }
  }
  return [panels, sums];
}

export const packInteger: Op = {
  what: "a weight of 8-bit integers in column panels of four interleaved rows, and the sums of its columns",
  arity: [1, 1],
  outputs: [2, 2],
  attrs: {
    panel: { kind: "int", what: "columns of a panel" },
    transB: { kind: "bool", default: false, what: "the weight lies as N x K" },
  },
  traits: ["movement"],
  infer: inferPack,
  eval: evalPack,
  flops: noFlops,
};

function infer({ inputs, attrs }: InferCall): Inferred {
  const [a, panels] = inputs as readonly [TensorType, TensorType];
  if ((a.dtype !== "u8" && a.dtype !== "i8") || panels.dtype !== "i8") return refuse("dtype", "packed products are of 8-bit integers");
  if (a.shape === undefined) return [{ dtype: "i32", shape: undefined }];
  const k = a.shape.at(-1);
  const expected = typeof k === "number" ? Math.ceil(k / depth) : undefined;
  if (expected !== undefined && panels.shape?.[1] !== expected)
    return refuse("shape", `an operand of ${shapeText(a.shape)} does not fit panels of ${shapeText(panels.shape)}`);
  return [{ dtype: "i32", shape: [...a.shape.slice(0, -1), intAttr(attrs, "n")] }];
}

function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [a, panels, , zeroA, zeroB] = inputs as readonly [NdArray, NdArray, NdArray, NdArray?, NdArray?];
  const out = allocate("i32", outputs[0]!.shape, mode);
  const [n, k, panel] = [intAttr(attrs, "n"), a.shape.at(-1)!, panels.shape[2]!];
  const za = zeroA ? Number(zeroA.data[0]) : 0;
  for (let i = 0; i < count(a.shape.slice(0, -1)); i++) {
    for (let j = 0; j < n; j++) {
      const zb = (zeroB ? Number(zeroB.data[zeroB.data.length === 1 ? 0 : j]) : 0) - intAttr(attrs, "less");
      let sum = 0;
      for (let p = 0; p < k; p++) sum += (Number(a.data[i * k + p]) - za) * (Number(panels.data[placeOf(p, j, k, panel)]) - zb);
      out.data[i * n + j] = sum;
    }
  }
  return [out];
}

export const matmulPacked: Op = {
  what: "matmul-integer with a weight from pack-integer: operand, panels, column sums, zero point of the operand, zero points of the columns, start values",
  arity: [3, 6],
  outputs: [1, 1],
  attrs: {
    n: { kind: "int", what: "columns" },
    kernel: { kind: "string", what: "the microkernel" },
    less: { kind: "int", default: 0, what: "what the packed elements, and so the zero points of the columns, have less" },
  },
  traits: ["matmul"],
  infer,
  eval: evaluate,
  flops: (c) => 2 * elementCount(c.outputs[0]!) * (c.inputs[0]!.shape.at(-1) ?? 1),
};

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

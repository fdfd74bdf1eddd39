/**
 * Products of bf16 operands with f32 sums: `pack-bf16` rounds a right operand and pairs its rows in panels of columns, `matmul-bf16` multiplies.
 * Made by `bf16-products`.
 */
import { roundFloat } from "../../tensor/rounding.ts";
import { shapeText } from "../dims.ts";
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

/** Rows of the right operand that lie together: the products of one step of the kernel. */
const depth = 2;
const panelShape = (k: number, n: number, panel: number): readonly number[] => [Math.ceil(n / panel), Math.ceil(k / depth), panel, depth];

/** Where element (p, j) of the right operand lies. */
const placeOf = (p: number, j: number, k: number, panel: number): number =>
  (Math.floor(j / panel) * Math.ceil(k / depth) + Math.floor(p / depth)) * panel * depth + (j % panel) * depth + (p % depth);

function inferPack({ inputs, attrs }: InferCall): Inferred {
  const b = inputs[0]!;
  const [rows, columns] = b.shape ?? [];
  const [k, n] = boolAttr(attrs, "transB") ? [columns, rows] : [rows, columns];
  if (b.dtype !== "bf16" && b.dtype !== "f32") return refuse("dtype", `operands of type ${b.dtype} are not packed`);
  if (b.shape?.length !== 2 || typeof k !== "number" || typeof n !== "number")
    return refuse("shape", `an operand of ${shapeText(b.shape)} is not a matrix`);
  return [{ dtype: "bf16", shape: panelShape(k, n, intAttr(attrs, "panel")) }];
}

function evalPack({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const b = inputs[0]!;
  const [rows, columns] = b.shape as readonly [number, number];
  const transB = boolAttr(attrs, "transB");
  const [k, n] = transB ? [columns, rows] : [rows, columns];
  const out = allocate("bf16", outputs[0]!.shape, mode);
  const round = (v: number): number => (mode === "f64" ? v : roundFloat("bf16", v));
  for (let p = 0; p < k; p++)
    for (let j = 0; j < n; j++)
      (out.data as NumberArray)[placeOf(p, j, k, intAttr(attrs, "panel"))] = round(Number(b.data[transB ? j * k + p : p * n + j]));
  return [out];
}

export const packBF16: Op = {
  what: "a matrix rounded to bf16 in column panels of two interleaved rows",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: {
    panel: { kind: "int", what: "columns of a panel" },
    transB: { kind: "bool", default: false, what: "the matrix lies as N x K" },
  },
  traits: ["movement"],
  infer: inferPack,
  eval: evalPack,
  flops: noFlops,
};

function infer({ inputs, attrs }: InferCall): Inferred {
  const [a, panels] = inputs as readonly [TensorType, TensorType];
  if (a.dtype !== "bf16" || panels.dtype !== "bf16") return refuse("dtype", "the operands are not bf16");
  if (a.shape === undefined) return [{ dtype: "f32", shape: undefined }];
  const k = a.shape.at(-1);
  const expected = typeof k === "number" ? Math.ceil(k / depth) : undefined;
  if (expected !== undefined && panels.shape?.[1] !== expected)
    return refuse("shape", `an operand of ${shapeText(a.shape)} does not fit panels of ${shapeText(panels.shape)}`);
  return [{ dtype: "f32", shape: [...a.shape.slice(0, -1), intAttr(attrs, "n")] }];
}

function evaluate({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [a, panels] = inputs as readonly [NdArray, NdArray];
  const out = allocate("f32", outputs[0]!.shape, mode);
  const [n, k, panel] = [intAttr(attrs, "n"), a.shape.at(-1)!, panels.shape[2]!];
  const round = mode === "f64" ? (v: number): number => v : Math.fround;
  for (let i = 0; i < count(a.shape.slice(0, -1)); i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let p = 0; p < k; p++) sum += Number(a.data[i * k + p]) * Number(panels.data[placeOf(p, j, k, panel)]);
      (out.data as NumberArray)[i * n + j] = round(sum);
    }
  return [out];
}

export const matmulBF16: Op = {
  what: "a times a matrix from pack-bf16: exact products, sums in f32",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: {
    n: { kind: "int", what: "columns" },
    kernel: { kind: "string", what: "the microkernel" },
  },
  traits: ["matmul"],
  infer,
  eval: evaluate,
  flops: (c) => 2 * elementCount(c.outputs[0]!) * (c.inputs[0]!.shape.at(-1) ?? 1),
};

/** Matrix product with broadcast leading axes, and ONNX's Gemm, which decomposes into it. */
import { roundFloat } from "../../tensor/rounding.ts";
import { agrees, broadcastShapes, shapeText } from "../dims.ts";
import type { Attrs, Dim, Shape } from "../ir.ts";
import { evalMatmul } from "../eval-matmul.ts";
import { allocate, reshaped, type NdArray } from "../ndarray.ts";
import { forRows, broadcastStrides } from "../eval-elementwise.ts";
import {
  boolAttr,
  elementCount,
  floatAttr,
  floatTypes,
  refuse,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";
import { isFloat, type DType } from "../../support/dtype.ts";
import type { NumberArray } from "../ndarray.ts";

const accepted = [...floatTypes, "i32", "u32", "i64", "u64"];

/** Rows and columns of one operand: a vector on the left is a row, on the right a column. */
function matrixDims(shape: Shape, transposed: boolean, left: boolean): readonly [Dim, Dim] {
  if (shape.length === 1) return left ? [1, shape[0]!] : [shape[0]!, 1];
  const [r, c] = [shape.at(-2)!, shape.at(-1)!];
  return transposed ? [c, r] : [r, c];
}

function inferMatmul({ inputs, attrs }: InferCall): Inferred {
  const [a, b] = inputs as readonly [TensorType, TensorType];
  if (a.dtype !== b.dtype) return refuse("dtype", `operands have different element types (${a.dtype}, ${b.dtype})`);
  if (!accepted.includes(a.dtype)) return refuse("dtype", `a product of ${a.dtype} matrices is not supported`);
  return inferProduct(a, b, attrs, a.dtype);
}

/** The type of a product, whatever its elements are. */
export function inferProduct(a: TensorType, b: TensorType, attrs: Attrs, dtype: DType): Inferred {
  if (a.shape === undefined || b.shape === undefined) return [{ dtype, shape: undefined }];
  if (a.shape.length === 0 || b.shape.length === 0) return refuse("shape", "an operand is a scalar");
  const [m, ka] = matrixDims(a.shape, boolAttr(attrs, "transA"), true);
  const [kb, n] = matrixDims(b.shape, boolAttr(attrs, "transB"), false);
  if (typeof ka === "number" && typeof kb === "number" && ka !== kb) {
    return refuse("shape", `${shapeText(a.shape)} times ${shapeText(b.shape)}: the inner extents ${ka} and ${kb} differ`);
  }
  const batch = broadcastShapes([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  if (batch === undefined) return refuse("shape", `the leading axes of ${shapeText(a.shape)} and ${shapeText(b.shape)} do not broadcast`);
  return [{ dtype, shape: [...batch, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])] }];
}

/** Static sizes of one product, and the shapes of the operands with vectors made into matrices. */
function sizes(a: readonly number[], b: readonly number[], attrs: CostCall["attrs"]) {
  const [transA, transB] = [boolAttr(attrs, "transA"), boolAttr(attrs, "transB")];
  const [m, k] = matrixDims(a, transA, true) as readonly [number, number];
  const [, n] = matrixDims(b, transB, false) as readonly [number, number];
  return { m, n, k, transA, transB };
}

/** Products over the last two axes, leading axes broadcast; vectors as ONNX MatMul has them. */
export function evalProduct({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [a, b] = inputs as readonly [NdArray, NdArray];
  const out = outputs[0]!;
  const s = sizes(a.shape, b.shape, attrs);
  const batch = out.shape.slice(0, out.shape.length - (a.shape.length > 1 ? 1 : 0) - (b.shape.length > 1 ? 1 : 0));
  const [left, right] = [a.shape.length === 1 ? reshaped(a, [1, s.k]) : a, b.shape.length === 1 ? reshaped(b, [s.k, 1]) : b];
  return [reshaped(evalMatmul(left, right, s, [...batch, s.m, s.n], out.dtype, mode), out.shape)];
}

export function productFlops(c: CostCall): number {
  const [a, b] = [c.inputs[0]!, c.inputs[1]!];
  return 2 * elementCount(c.outputs[0]!) * sizes(a.shape, b.shape, c.attrs).k;
}

const transposeAttrs = {
  transA: { kind: "bool", default: false, what: "the last two axes of a are exchanged" },
  transB: { kind: "bool", default: false, what: "the last two axes of b are exchanged" },
} as const;

export const matmul: Op = {
  what: "matrix product over the last two axes; leading axes broadcast",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: transposeAttrs,
  traits: ["matmul"],
  infer: inferMatmul,
  eval: evalProduct,
  flops: productFlops,
};

function inferGemm(call: InferCall): Inferred {
  const product = inferMatmul({ ...call, inputs: call.inputs.slice(0, 2) });
  if ("refused" in product) return product;
  const [a, b, c] = call.inputs;
  if (a?.shape !== undefined && a.shape.length !== 2) return refuse("shape", `gemm needs matrices, not ${shapeText(a.shape)}`);
  if (b?.shape !== undefined && b.shape.length !== 2) return refuse("shape", `gemm needs matrices, not ${shapeText(b.shape)}`);
  const out = product[0]!;
  if (c === null || c === undefined) return product;
  if (c.dtype !== out.dtype) return refuse("dtype", `the summand is ${c.dtype}, the product ${out.dtype}`);
  if (c.shape === undefined || out.shape === undefined) return product;
  const shift = out.shape.length - c.shape.length;
  const fits = shift >= 0 && c.shape.every((d, i) => d === 1 || agrees(out.shape![i + shift]!, d));
  return fits ? product : refuse("shape", `a summand of ${shapeText(c.shape)} does not broadcast to ${shapeText(out.shape)}`);
}

function evalGemm({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [a, b, c] = inputs as readonly [NdArray, NdArray, NdArray | null | undefined];
  const out = outputs[0]!;
  const s = sizes(a.shape, b.shape, attrs);
  const integral = !isFloat(out.dtype);
  const product = evalMatmul(a, b, s, out.shape, integral ? out.dtype : "f64", mode);
  const [alpha, beta] = [floatAttr(attrs, "alpha"), floatAttr(attrs, "beta")];
  if (integral && alpha === 1 && (c === null || c === undefined)) return [product];
  const result = allocate(out.dtype, out.shape, mode);
  const steps = c ? [broadcastStrides(c.shape, out.shape)] : [];
  const last = steps[0]?.at(-1) ?? 0;
  const round = mode === "f64" || integral ? (x: number) => x : (x: number) => roundFloat(out.dtype, x);
  forRows(out.shape, steps, (row, [at]) => {
    for (let j = 0; j < s.n; j++) {
      const i = row * s.n + j;
      const sum = alpha * Number(product.data[i]!) + (c ? beta * Number(c.data[at! + j * last]!) : 0);
      if (typeof result.data[i] === "bigint") result.data[i] = BigInt(Math.trunc(sum));
      else (result.data as NumberArray)[i] = round(sum);
    }
  });
  return [result];
}

export const gemm: Op = {
  what: "alpha * a b + beta * c of matrices",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { alpha: { kind: "float", default: 1 }, beta: { kind: "float", default: 1 }, ...transposeAttrs },
  traits: ["composite"],
  infer: inferGemm,
  eval: evalGemm,
  flops: (c) => productFlops(c) + 2 * elementCount(c.outputs[0]!),
};

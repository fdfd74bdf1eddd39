/**
 * Linear quantisation: y = saturate(round(x / scale) + zero point), and back. Scale and zero point are single numbers, lie along one axis, or
 * belong to blocks of an axis. Quotients and products are f32 (f64 for f64), as in ONNX Runtime; floats of 8 bits and less have no zero point.
 */
import type { DType } from "../../support/dtype.ts";
import { isFloat, isInteger } from "../../support/dtype.ts";
import { integerRange, roundEven, roundFloat } from "../../tensor/rounding.ts";
import { evalCast } from "../../tensor/semantics.ts";
import { normalAxis, shapeText } from "../dims.ts";
import type { Attrs, Shape } from "../ir.ts";
import { allocate, count, type NdArray, type NumberArray } from "../ndarray.ts";
import {
  dtypeAttr,
  elementCount,
  floatTypes,
  intAttr,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

/** What may be quantised to; i32 is only ever dequantised. */
const quantizedTypes: readonly DType[] = [
  ...(["i8", "u8", "i16", "u16", "i4", "u4", "i2", "u2"] as const),
  ...(["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f4e2m1"] as const),
];

const blockOf = (attrs: Attrs): number => (attrs["block"] === undefined ? 0 : intAttr(attrs, "block"));
const isOne = (shape: Shape): boolean => shape.every((d) => d === 1);

/** Scale and zero point are scalars, vectors along `axis`, or have one element per block of `axis`. */
function checkParameters({ inputs, attrs }: InferCall): string | undefined {
  const [x, scale, zero] = inputs as readonly [TensorType, TensorType, TensorType?];
  if (scale.shape === undefined || x.shape === undefined) return undefined;
  if (zero?.shape !== undefined && String(zero.shape) !== String(scale.shape) && !(isOne(zero.shape) && isOne(scale.shape)))
    return "scale and zero point have different shapes";
  const block = blockOf(attrs);
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length);
  if (block === 0 && isOne(scale.shape) && scale.shape.length <= 1) return undefined;
  if (axis === undefined) return `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`;
  const agree = (a: unknown, b: unknown): boolean => typeof a !== "number" || typeof b !== "number" || a === b;
  const blocks = (d: unknown): unknown => (typeof d === "number" ? Math.ceil(d / block) : d);
  const fits =
    block === 0
      ? scale.shape.length === 1 && agree(x.shape[axis], scale.shape[0])
      : scale.shape.length === x.shape.length && scale.shape.every((d, i) => agree(i === axis ? blocks(x.shape![i]) : x.shape![i], d));
  return fits ? undefined : `a scale of ${shapeText(scale.shape)} does not fit axis ${axis} of ${shapeText(x.shape)}`;
}

function inferQuantize(call: InferCall): Inferred {
  const [x, scale, zero] = call.inputs as readonly [TensorType, TensorType, TensorType?];
  const to = dtypeAttr(call.attrs, "to");
  if (!quantizedTypes.includes(to)) return refuse("dtype", `quantisation to ${to} is not supported`);
  const alien = [x, scale].find((t) => !floatTypes.includes(t.dtype) && !(t === x && t.dtype === "i32"));
  if (alien !== undefined) return refuse("dtype", `elements of type ${alien.dtype} are not supported here`);
  if (zero && zero.dtype !== to) return refuse("dtype", `the zero point is ${zero.dtype}, the result ${to}`);
  const problem = checkParameters(call);
  return problem ? refuse("shape", problem) : [{ dtype: to, shape: x.shape }];
}

function inferDequantize(call: InferCall): Inferred {
  const [x, scale, zero] = call.inputs as readonly [TensorType, TensorType, TensorType?];
  const to = dtypeAttr(call.attrs, "to");
  if (!quantizedTypes.includes(x.dtype) && x.dtype !== "i32") return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (!floatTypes.includes(to) || !floatTypes.includes(scale.dtype)) return refuse("dtype", `dequantisation to ${to} is not supported`);
  if (zero && zero.dtype !== x.dtype) return refuse("dtype", `the zero point is ${zero.dtype}, the operand ${x.dtype}`);
  const problem = checkParameters(call);
  return problem ? refuse("shape", problem) : [{ dtype: to, shape: x.shape }];
}

/** Visits all elements with the scale and zero point of their place. */
function forEach({ inputs, attrs }: EvalCall, visit: (i: number, scale: number, zero: number) => void): void {
  const [x, scale, zero] = inputs as readonly [NdArray, NdArray, NdArray | null | undefined];
  const n = scale.data.length;
  const block = blockOf(attrs);
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length) ?? 0;
  const inner = count(x.shape.slice(axis + 1));
  const extent = x.shape[axis] ?? 1;
  const place = (i: number): number => {
    const along = Math.floor(i / inner) % extent;
    if (block === 0) return along;
    return (Math.floor(i / (inner * extent)) * scale.shape[axis]! + Math.floor(along / block)) * inner + (i % inner);
  };
  for (let i = 0; i < x.data.length; i++) {
    const p = n === 1 ? 0 : place(i);
    visit(i, Number(scale.data[p]), zero ? Number(zero.data[p]) : 0);
  }
}

/** Rounds to the type that quotients and products have. */
const working = (dtype: DType, mode: EvalCall["mode"]): ((v: number) => number) =>
  dtype !== "f64" && mode === "native" ? Math.fround : (v) => v;

const schema = {
  axis: { kind: "int", default: 1 },
  block: {
    kind: "int",
    optional: true,
    what: "elements of the axis that share a scale; absent: one scale for all, or one per element of the axis",
  },
} as const;

export const quantizeLinear: Op = {
  what: "saturate(round half to even (x / scale) + zero point)",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { ...schema, to: { kind: "dtype" } },
  traits: ["composite"],
  infer: inferQuantize,
  eval: (call) => {
    const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
    const x = call.inputs[0]!;
    const data = out.data as NumberArray;
    const round = working(x.dtype, call.mode);
    const quotient = (i: number, scale: number): number => round(round(Number(x.data[i])) / scale);
    if (!isInteger(out.dtype)) {
      forEach(call, (i, scale) => (data[i] = Number(evalCast("f32", out.dtype, quotient(i, scale), "native"))));
      return [out];
    }
    const { lowest, highest } = integerRange(out.dtype);
    const [low, high] = [Number(lowest), Number(highest)];
    forEach(call, (i, scale, zero) => {
      const q = roundEven(quotient(i, scale)) + zero;
      data[i] = Number.isNaN(q) ? low : Math.min(Math.max(q, low), high);
    });
    return [out];
  },
  flops: (c) => 4 * elementCount(c.inputs[0]!),
};

export const dequantizeLinear: Op = {
  what: "(x - zero point) * scale",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { ...schema, to: { kind: "dtype", default: "f32" } },
  traits: ["composite"],
  infer: inferDequantize,
  eval: (call) => {
    const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
    const x = call.inputs[0]!;
    const narrow = working(out.dtype, call.mode);
    const round = call.mode === "f64" ? (v: number) => v : (v: number) => roundFloat(out.dtype, v);
    const difference = (i: number, zero: number): number =>
      isFloat(x.dtype) ? Number(x.data[i]) : x.dtype === "i32" ? (Number(x.data[i]) - zero) | 0 : Number(x.data[i]) - zero;
    forEach(call, (i, scale, zero) => ((out.data as NumberArray)[i] = round(narrow(difference(i, zero)) * scale)));
    return [out];
  },
  flops: (c) => 2 * elementCount(c.inputs[0]!),
};

/** Linear quantisation: y = saturate(round(x / scale) + zero point), and back. Per tensor or along one axis. */
import type { DType } from "../../support/dtype.ts";
import { isFloat } from "../../support/dtype.ts";
import { integerRange, roundEven, roundFloat } from "../../tensor/rounding.ts";
import { normalAxis, shapeText } from "../dims.ts";
import type { Shape } from "../ir.ts";
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

const quantizedTypes: readonly DType[] = ["i8", "u8", "i16", "u16", "i4", "u4"];

const isOne = (shape: Shape): boolean => shape.every((d) => d === 1);

/** Scale and zero point are scalars, or vectors along `axis`. */
function checkParameters(x: TensorType, scale: TensorType, zero: TensorType | null | undefined, axisAttr: number): string | undefined {
  if (scale.shape === undefined || x.shape === undefined) return undefined;
  if (zero?.shape !== undefined && String(zero.shape) !== String(scale.shape) && !(isOne(zero.shape) && isOne(scale.shape)))
    return "scale and zero point have different shapes";
  if (scale.shape.length === 0) return undefined;
  if (scale.shape.length > 1) return `blocked quantisation (a scale of ${shapeText(scale.shape)}) is not supported`;
  const axis = normalAxis(axisAttr, x.shape.length);
  if (scale.shape[0] === 1) return undefined;
  if (axis === undefined) return `axis ${axisAttr} is not an axis of ${shapeText(x.shape)}`;
  const [a, b] = [x.shape[axis]!, scale.shape[0]!];
  return typeof a === "number" && typeof b === "number" && a !== b
    ? `a scale of ${shapeText(scale.shape)} does not fit axis ${axis} of ${shapeText(x.shape)}`
    : undefined;
}

function inferQuantize({ inputs, attrs }: InferCall): Inferred {
  const [x, scale, zero] = inputs as readonly [TensorType, TensorType, TensorType | null | undefined];
  const to = dtypeAttr(attrs, "to");
  if (!quantizedTypes.includes(to)) return refuse("dtype", `quantisation to ${to} is not supported`);
  if (!isFloat(x.dtype) && x.dtype !== "i32") return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (zero && zero.dtype !== to) return refuse("dtype", `the zero point is ${zero.dtype}, the result ${to}`);
  const problem = checkParameters(x, scale, zero, intAttr(attrs, "axis"));
  return problem ? refuse("shape", problem) : [{ dtype: to, shape: x.shape }];
}

function inferDequantize({ inputs, attrs }: InferCall): Inferred {
  const [x, scale, zero] = inputs as readonly [TensorType, TensorType, TensorType | null | undefined];
  const to = dtypeAttr(attrs, "to");
  if (!quantizedTypes.includes(x.dtype) && x.dtype !== "i32") return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (!floatTypes.includes(to)) return refuse("dtype", `dequantisation to ${to} is not supported`);
  if (zero && zero.dtype !== x.dtype) return refuse("dtype", `the zero point is ${zero.dtype}, the operand ${x.dtype}`);
  const problem = checkParameters(x, scale, zero, intAttr(attrs, "axis"));
  return problem ? refuse("shape", problem) : [{ dtype: to, shape: x.shape }];
}

/** Visits all elements with the scale and zero point of their place. */
function forEach({ inputs, attrs }: EvalCall, visit: (i: number, scale: number, zero: number) => void): void {
  const [x, scale, zero] = inputs as readonly [NdArray, NdArray, NdArray | null | undefined];
  const n = scale.data.length;
  const inner = n === 1 ? x.data.length : count(x.shape.slice(normalAxis(intAttr(attrs, "axis"), x.shape.length)! + 1));
  for (let i = 0; i < x.data.length; i++) {
    const p = Math.floor(i / inner) % n;
    visit(i, Number(scale.data[p]), zero ? Number(zero.data[p]) : 0);
  }
}

export const quantizeLinear: Op = {
  what: "saturate(round half to even (x / scale) + zero point)",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: 1 }, to: { kind: "dtype" } },
  traits: ["composite"],
  infer: inferQuantize,
  eval: (call) => {
    const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
    const { lowest, highest } = integerRange(out.dtype);
    const [low, high] = [Number(lowest), Number(highest)];
    const x = call.inputs[0]!;
    const narrow = isFloat(x.dtype) && x.dtype !== "f64" && call.mode === "native" ? Math.fround : (v: number) => v;
    forEach(call, (i, scale, zero) => {
      const q = roundEven(narrow(Number(x.data[i]) / scale)) + zero;
      (out.data as NumberArray)[i] = Number.isNaN(q) ? low : Math.min(Math.max(q, low), high);
    });
    return [out];
  },
  flops: (c) => 4 * elementCount(c.inputs[0]!),
};

export const dequantizeLinear: Op = {
  what: "(x - zero point) * scale",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: 1 }, to: { kind: "dtype", default: "f32" } },
  traits: ["composite"],
  infer: inferDequantize,
  eval: (call) => {
    const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
    const x = call.inputs[0]!;
    const round = call.mode === "f64" ? (v: number) => v : (v: number) => roundFloat(out.dtype, v);
    forEach(call, (i, scale, zero) => ((out.data as NumberArray)[i] = round((Number(x.data[i]) - zero) * scale)));
    return [out];
  },
  flops: (c) => 2 * elementCount(c.inputs[0]!),
};

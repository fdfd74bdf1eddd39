/** ScatterElements, ScatterND and TensorScatter: a tensor with elements replaced, or combined, at positions that are data. */
import { normalAxis, shapeAgrees, shapeText } from "../dims.ts";
import { eachIndex, wrapped } from "../eval-movement.ts";
import { evalBinary } from "../../tensor/semantics.ts";
import type { BinaryOp } from "../../tensor/ir.ts";
import { allocate, count, strides, writeScalar, type Mode, type NdArray, type Scalar } from "../ndarray.ts";
import {
  byteCount,
  intAttr,
  integerTypes,
  noFlops,
  refuse,
  stringAttr,
  type AttrSpec,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";
import { ndPlan, outsideOf } from "./gather.ts";
import { normaliseAxis } from "./softmax.ts";

/** How an update and the element that is there become the new element; `none`: the update alone. */
export const scatterReductions: Readonly<Record<string, BinaryOp | undefined>> = {
  none: undefined,
  add: "add",
  mul: "mul",
  max: "max",
  min: "min",
};
const reduction: AttrSpec = { kind: "string", default: "none", what: "none, add, mul, max or min" };
/** The updates are read and written, the rest is copied. */
const scatterBytes = (c: CostCall): number => 2 * byteCount(c.outputs[0]!) + 2 * byteCount(c.inputs[2]!) + byteCount(c.inputs[1]!);

function problem({ inputs, attrs }: InferCall): string | undefined {
  const [x, indices, updates] = inputs as readonly [TensorType, TensorType, TensorType];
  if (!integerTypes.includes(indices.dtype)) return `indices are ${indices.dtype}`;
  if (x.dtype !== updates.dtype) return `updates are ${updates.dtype}, the operand ${x.dtype}`;
  return Object.hasOwn(scatterReductions, stringAttr(attrs, "reduction"))
    ? undefined
    : `reduction ${stringAttr(attrs, "reduction")} is not known`;
}

function inferScatterElements(call: InferCall): Inferred {
  const [x, indices, updates] = call.inputs as readonly [TensorType, TensorType, TensorType];
  const why = problem(call);
  if (why !== undefined) return refuse("dtype", why);
  if (x.shape === undefined || indices.shape === undefined) return [x];
  if (!shapeAgrees(updates.shape, indices.shape))
    return refuse("shape", `updates ${shapeText(updates.shape)} at indices ${shapeText(indices.shape)}`);
  const axis = normalAxis(intAttr(call.attrs, "axis"), x.shape.length);
  if (axis === undefined || x.shape.length !== indices.shape.length)
    return refuse(
      "shape",
      `indices ${shapeText(indices.shape)} do not fit ${shapeText(x.shape)} along axis ${intAttr(call.attrs, "axis")}`,
    );
  const outside = outsideOf(x.shape, indices.shape, axis);
  return outside === undefined ? [x] : refuse("shape", outside);
}

/** A copy of the data, to write into. */
function copyOf(x: NdArray, mode: Mode): NdArray {
  const out = allocate(x.dtype, x.shape, mode);
  for (let i = 0; i < x.data.length; i++) out.data[i] = x.data[i]!;
  return out;
}

/** Writes or combines one element. */
function update(out: NdArray, at: number, value: Scalar, op: BinaryOp | undefined, mode: Mode): void {
  if (op === undefined) return writeScalar(out, at, value);
  const asBool = (v: Scalar): Scalar | boolean => (out.dtype === "bool" ? Boolean(v) : v);
  const result = evalBinary(op, out.dtype, asBool(out.data[at]!), asBool(value), mode);
  writeScalar(out, at, typeof result === "boolean" ? Number(result) : result);
}

/** Updates at positions outside of the tensor are left out, as in the generated code. */
function evalScatterElements({ inputs, attrs, mode }: EvalCall): readonly NdArray[] {
  const [x, indices, updates] = inputs as readonly [NdArray, NdArray, NdArray];
  const axis = intAttr(attrs, "axis");
  const op = scatterReductions[stringAttr(attrs, "reduction")];
  const out = copyOf(x, mode);
  const steps = strides(x.shape);
  const from = strides(updates.shape);
  eachIndex(indices.shape, (index, n) => {
    const at = wrapped(Number(indices.data[n]), x.shape[axis]!);
    if (at < 0 || at >= x.shape[axis]!) return;
    const place = index.reduce((sum, i, a) => sum + (a === axis ? at : i) * steps[a]!, 0);
    const source = index.reduce((sum, i, a) => sum + i * from[a]!, 0);
    update(out, place, updates.data[source]!, op, mode);
  });
  return [out];
}

export const scatterElements: Op = {
  what: "x with each update at its own place, moved along an axis to the position its index holds",
  arity: [3, 3],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: 0 }, reduction },
  traits: ["movement"],
  infer: inferScatterElements,
  eval: evalScatterElements,
  flops: noFlops,
  bytes: scatterBytes,
  normalise: normaliseAxis,
};

function inferScatterNd(call: InferCall): Inferred {
  const [x, indices, updates] = call.inputs as readonly [TensorType, TensorType, TensorType];
  const why = problem(call);
  if (why !== undefined) return refuse("dtype", why);
  const depth = indices.shape?.at(-1);
  if (x.shape === undefined || typeof depth !== "number" || updates.shape === undefined) return [x];
  return depth <= x.shape.length && shapeAgrees(updates.shape, [...indices.shape!.slice(0, -1), ...x.shape.slice(depth)])
    ? [x]
    : refuse("shape", `updates ${shapeText(updates.shape)} at ${shapeText(indices.shape)} do not fit ${shapeText(x.shape)}`);
}

function evalScatterNd({ inputs, attrs, mode }: EvalCall): readonly NdArray[] {
  const [x, indices, updates] = inputs as readonly [NdArray, NdArray, NdArray];
  const op = scatterReductions[stringAttr(attrs, "reduction")];
  const { depth, slice } = ndPlan(x.shape, indices.shape, 0);
  const out = copyOf(x, mode);
  const steps = strides(x.shape);
  const size = count(slice);
  for (let t = 0; t < count(indices.shape.slice(0, -1)); t++) {
    const tuple = Array.from({ length: depth }, (_, d) => wrapped(Number(indices.data[t * depth + d]), x.shape[d]!));
    if (tuple.some((at, d) => at < 0 || at >= x.shape[d]!)) continue;
    const place = tuple.reduce((sum, at, d) => sum + at * steps[d]!, 0);
    for (let j = 0; j < size; j++) update(out, place + j, updates.data[t * size + j]!, op, mode);
  }
  return [out];
}

export const scatterNd: Op = {
  what: "x with slices replaced, or combined, at the positions that tuples of indices hold",
  arity: [3, 3],
  outputs: [1, 1],
  attrs: { reduction },
  traits: ["movement"],
  infer: inferScatterNd,
  eval: evalScatterNd,
  flops: noFlops,
  bytes: scatterBytes,
};

/** ONNX TensorScatter-24: a cache with new entries from a position per batch on. */
export const tensorScatter: Op = {
  what: "a cache with new entries written along an axis, from a position per batch on; `circular`: beyond the end, at the start",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: -2 }, circular: { kind: "bool", default: false } },
  traits: ["movement"],
  infer: ({ inputs, attrs }) => {
    const [x, updates, at] = inputs as readonly [TensorType, TensorType, TensorType | null | undefined];
    if (x.dtype !== updates.dtype || (at != null && !integerTypes.includes(at.dtype)))
      return refuse("dtype", "cache and updates differ in type");
    if (x.shape === undefined || updates.shape === undefined) return [x];
    const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length);
    const wanted = x.shape.map((d, i) => (i === axis ? "?" : d));
    const fits = shapeAgrees(updates.shape, wanted) && shapeAgrees(at?.shape, [x.shape[0] ?? 1]);
    return axis === undefined || axis === 0 || !fits
      ? refuse("shape", `updates ${shapeText(updates.shape)} do not fit a cache of ${shapeText(x.shape)}`)
      : [x];
  },
  eval: ({ inputs, attrs, mode }) => {
    const [x, updates, starts] = inputs as readonly [NdArray, NdArray, NdArray | null | undefined];
    const axis = intAttr(attrs, "axis");
    const out = copyOf(x, mode);
    const steps = strides(x.shape);
    const extent = x.shape[axis]!;
    eachIndex(updates.shape, (index, n) => {
      const raw = Number(starts?.data[index[0]!] ?? 0) + index[axis]!;
      const at = attrs["circular"] === true ? ((raw % extent) + extent) % extent : raw;
      if (at >= 0 && at < extent) out.data[index.reduce((sum, i, a) => sum + (a === axis ? at : i) * steps[a]!, 0)] = updates.data[n]!;
    });
    return [out];
  },
  flops: noFlops,
  bytes: (c) => 2 * byteCount(c.outputs[0]!) + 2 * byteCount(c.inputs[1]!),
  normalise: normaliseAxis,
};

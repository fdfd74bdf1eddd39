/** Transpose, concat, split and gather: elements go to other places. */
import { broadcastDim, normalAxis, shapeText, sumDim } from "../dims.ts";
import type { Attrs, Dim } from "../ir.ts";
import { clamped, copyBox } from "../eval-movement.ts";
import { allocate, count, strides, type NdArray } from "../ndarray.ts";
import {
  intAttr,
  integerTypes,
  noFlops,
  optionalInts,
  refuse,
  byteCount,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";
import { normaliseAxis } from "./softmax.ts";

const isPermutation = (perm: readonly number[], rank: number): boolean =>
  perm.length === rank && new Set(perm).size === rank && perm.every((p) => Number.isInteger(p) && p >= 0 && p < rank);
const reversed = (rank: number): number[] => Array.from({ length: rank }, (_, i) => rank - 1 - i);

export const transpose: Op = {
  what: "axis i of the result is axis perm[i] of x",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { perm: { kind: "ints", optional: true, what: "absent: axes reversed" } },
  traits: ["movement"],
  infer: ({ inputs, attrs }) => {
    const x = inputs[0]!;
    const perm = optionalInts(attrs, "perm") ?? (x.shape && reversed(x.shape.length));
    if (x.shape === undefined || perm === undefined) return [{ dtype: x.dtype, shape: undefined }];
    if (!isPermutation(perm, x.shape.length))
      return refuse("attribute", `perm ${perm.join(",")} is not an order of the axes of ${shapeText(x.shape)}`);
    return [{ dtype: x.dtype, shape: perm.map((p) => x.shape![p]!) }];
  },
  eval: ({ inputs, attrs, outputs, mode }) => {
    const x = inputs[0]!;
    const perm = optionalInts(attrs, "perm") ?? reversed(x.shape.length);
    const out = allocate(x.dtype, outputs[0]!.shape, mode);
    const steps = strides(x.shape);
    copyBox(
      x,
      0,
      perm.map((p) => steps[p]!),
      out,
      0,
      strides(out.shape),
      out.shape,
    );
    return [out];
  },
  flops: noFlops,
  normalise: (inputs, attrs) =>
    attrs["perm"] !== undefined || inputs[0]?.shape === undefined ? attrs : { ...attrs, perm: reversed(inputs[0].shape.length) },
};

function inferConcat({ inputs, attrs }: InferCall): Inferred {
  const types = inputs.map((t) => t!);
  const first = types[0]!;
  const other = types.find((t) => t.dtype !== first.dtype);
  if (other) return refuse("dtype", `operands have different element types (${first.dtype}, ${other.dtype})`);
  const shapes = types.map((t) => t.shape);
  const ranked = shapes.find((s) => s !== undefined);
  if (ranked === undefined) return [{ dtype: first.dtype, shape: undefined }];
  const axis = normalAxis(intAttr(attrs, "axis"), ranked.length);
  if (axis === undefined) return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(ranked)}`);
  const out: Dim[] = [...ranked];
  for (const s of shapes) {
    if (s === undefined) continue;
    const fits =
      s.length === ranked.length && s.every((d, i) => i === axis || d === out[i] || typeof d === "string" || typeof out[i] === "string");
    if (!fits) return refuse("shape", `${shapeText(s)} does not join ${shapeText(ranked)} along axis ${axis}`);
    s.forEach((d, i) => i !== axis && (out[i] = broadcastDim(out[i]!, d) ?? d));
  }
  out[axis] = shapes.some((s) => s === undefined) ? "?" : sumDim(shapes.map((s) => s![axis]!));
  return [{ dtype: first.dtype, shape: out }];
}

function evalConcat({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const axis = normalAxis(intAttr(attrs, "axis"), out.shape.length)!;
  const steps = strides(out.shape);
  let at = 0;
  for (const x of inputs.map((t) => t!)) {
    copyBox(x, 0, strides(x.shape), out, at * steps[axis]!, steps, x.shape);
    at += x.shape[axis]!;
  }
  return [out];
}

export const concat: Op = {
  what: "operands joined along an axis",
  arity: [1, Infinity],
  outputs: [1, 1],
  attrs: { axis: { kind: "int" } },
  traits: ["movement"],
  infer: inferConcat,
  eval: evalConcat,
  flops: noFlops,
  normalise: normaliseAxis,
};

/** Sizes of the parts: given, or as equal as possible (the last is smaller). */
function splitSizes(attrs: Attrs, extent: number, parts: number): readonly number[] | string {
  const sizes = optionalInts(attrs, "sizes");
  if (sizes !== undefined) {
    const sum = sizes.reduce((a, b) => a + b, 0);
    return sizes.length === parts && sum === extent && sizes.every((s) => s >= 0)
      ? sizes
      : `sizes ${sizes.join(",")} do not add up to ${extent} in ${parts} parts`;
  }
  const each = Math.ceil(extent / parts);
  return Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(each, extent - i * each)));
}

function inferSplit({ inputs, attrs, outputs }: InferCall): Inferred {
  const x = inputs[0]!;
  const pending = inputs[1] != null;
  if (x.shape === undefined) return Array.from({ length: outputs }, () => ({ dtype: x.dtype, shape: undefined }));
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length);
  if (axis === undefined) return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`);
  const extent = x.shape[axis]!;
  const sizes =
    typeof extent === "number" && !pending
      ? splitSizes(attrs, extent, outputs)
      : (optionalInts(attrs, "sizes") ?? Array.from({ length: outputs }, () => "?"));
  if (typeof sizes === "string") return refuse("attribute", sizes);
  return sizes.map((s) => ({ dtype: x.dtype, shape: x.shape!.map((d, i) => (i === axis ? s : d)) }));
}

export const split: Op = {
  what: "parts of x along an axis; decomposes into slices",
  arity: [1, 2],
  outputs: [1, Infinity],
  attrs: { axis: { kind: "int", default: 0 }, sizes: { kind: "ints", optional: true, what: "absent: equal parts" } },
  traits: ["composite", "movement"],
  late: { sizes: 1 },
  infer: inferSplit,
  eval: ({ inputs, attrs, outputs, mode }) => {
    const x = inputs[0]!;
    const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length)!;
    const steps = strides(x.shape);
    let at = 0;
    return outputs.map((t) => {
      const out = allocate(t.dtype, t.shape, mode);
      copyBox(x, at * steps[axis]!, steps, out, 0, strides(t.shape), t.shape);
      at += t.shape[axis]!;
      return out;
    });
  },
  flops: noFlops,
  normalise: normaliseAxis,
};

function inferGather({ inputs, attrs }: InferCall): Inferred {
  const [x, indices] = inputs as readonly [TensorType, TensorType];
  if (!integerTypes.includes(indices.dtype)) return refuse("dtype", `indices are ${indices.dtype}`);
  if (x.shape === undefined || indices.shape === undefined) return [{ dtype: x.dtype, shape: undefined }];
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length);
  if (axis === undefined) return refuse("attribute", `axis ${intAttr(attrs, "axis")} is not an axis of ${shapeText(x.shape)}`);
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  if (x.shape[axis] === 0 && !shape.includes(0)) return refuse("shape", `there is nothing in ${shapeText(x.shape)} to gather`);
  return [{ dtype: x.dtype, shape }];
}

/** Indices outside of [-extent, extent) are clamped, as the generated code does: it must not read outside of the table. */
function evalGather({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, indices] = inputs as readonly [NdArray, NdArray];
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length)!;
  const out = allocate(x.dtype, outputs[0]!.shape, mode);
  const extent = x.shape[axis]!;
  const row = count(x.shape.slice(axis + 1));
  const n = indices.data.length;
  const [from, to] = [x.data as Float64Array, out.data as Float64Array];
  for (let outer = 0; outer < count(x.shape.slice(0, axis)); outer++) {
    for (let i = 0; i < n; i++) {
      const start = (outer * extent + clamped(Number(indices.data[i]), extent)) * row;
      to.set(from.subarray(start, start + row), (outer * n + i) * row);
    }
  }
  return [out];
}

export const gather: Op = {
  what: "slices of x along an axis, chosen by indices",
  arity: [2, 2],
  outputs: [1, 1],
  attrs: { axis: { kind: "int", default: 0 } },
  traits: ["movement"],
  infer: inferGather,
  eval: evalGather,
  flops: noFlops,
  bytes: (c) => 2 * byteCount(c.outputs[0]!) + byteCount(c.inputs[1]!),
  normalise: normaliseAxis,
};

/** Slice: a box with steps, cut out of a tensor. */
import { isStatic, normalAxis, shapeText } from "../dims.ts";
import type { Attrs, Dim } from "../ir.ts";
import { copyBox } from "../eval-movement.ts";
import { allocate, strides, type NdArray } from "../ndarray.ts";
import { byteCount, noFlops, optionalInts, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";

export interface AxisRange {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** What to cut; undefined while one of the operands starts, ends, axes, steps is not known. */
function ranges(attrs: Attrs, inputs: readonly unknown[]): readonly AxisRange[] | undefined {
  const [starts, ends, axes, steps] = ["starts", "ends", "axes", "steps"].map((name) => optionalInts(attrs, name));
  if (starts === undefined || ends === undefined || inputs.slice(1).some((operand) => operand != null)) return undefined;
  return starts.map((start, i) => ({ axis: axes?.[i] ?? i, start, end: ends[i] ?? NaN, step: steps?.[i] ?? 1 }));
}

/** A range within an axis: first index, number of indices; negative positions count from the end, all are clamped (ONNX Slice-13). */
export function resolveRange(r: AxisRange, extent: number): { readonly first: number; readonly count: number } {
  const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v < 0 ? v + extent : v, low), high);
  const first = r.step > 0 ? clamp(r.start, 0, extent) : clamp(r.start, 0, extent - 1);
  const end = r.step > 0 ? clamp(r.end, 0, extent) : clamp(r.end, -1, extent - 1);
  return { first, count: Math.max(0, Math.ceil((end - first) / r.step)) };
}

/** The extent after cutting; a symbolic one stays itself only if everything is kept. */
function cutDim(dim: Dim, r: AxisRange): Dim {
  if (typeof dim === "number") return resolveRange(r, dim).count;
  if (r.step === 1 && r.start === 0 && r.end >= 2 ** 31 - 1) return dim;
  return r.step === 1 && r.start >= 0 === r.end >= 0 && r.end < 2 ** 31 - 1 && r.start < 0 ? r.end - r.start : "?";
}

function inferSlice(call: InferCall): Inferred {
  const { inputs, attrs } = call;
  const x = inputs[0]!;
  if (x.shape === undefined) return [x];
  const cuts = ranges(attrs, inputs);
  if (cuts === undefined) return [{ dtype: x.dtype, shape: x.shape.map(() => "?") }];
  const shape = [...x.shape];
  const seen = new Set<number>();
  for (const r of cuts) {
    const axis = normalAxis(r.axis, shape.length);
    if (axis === undefined) return refuse("attribute", `axis ${r.axis} is not an axis of ${shapeText(x.shape)}`);
    if (seen.has(axis)) return refuse("attribute", `axis ${r.axis} is cut twice`);
    seen.add(axis);
    if (r.step === 0 || Number.isNaN(r.end)) return refuse("value", r.step === 0 ? "a step is 0" : "starts and ends differ in number");
    shape[axis] = cutDim(shape[axis]!, r);
  }
  return [{ dtype: x.dtype, shape }];
}

function evalSlice({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(x.dtype, outputs[0]!.shape, mode);
  const steps = strides(x.shape);
  let at = 0;
  for (const r of ranges(attrs, inputs) ?? []) {
    const axis = normalAxis(r.axis, x.shape.length)!;
    at += resolveRange(r, x.shape[axis]!).first * steps[axis]!;
    steps[axis]! *= r.step;
  }
  copyBox(x, at, steps, out, 0, strides(out.shape), out.shape);
  return [out];
}

/** With static extents: every listed axis from the front, ends and starts as real positions (an end of -1 with a negative step stays below 0). */
function normaliseSlice(inputs: readonly ({ readonly shape: readonly Dim[] | undefined } | null)[], attrs: Attrs): Attrs {
  const shape = inputs[0]?.shape;
  const cuts = ranges(attrs, inputs);
  if (cuts === undefined || !isStatic(shape)) return attrs;
  const resolved = cuts.map((r) => {
    const axis = normalAxis(r.axis, shape.length) ?? r.axis;
    const { first, count } = resolveRange(r, shape[axis] ?? 0);
    const end = first + count * r.step;
    return { axis, first, end: end < 0 ? end - (shape[axis] ?? 0) : end, step: r.step };
  });
  const next = {
    starts: resolved.map((r) => r.first),
    ends: resolved.map((r) => r.end),
    axes: resolved.map((r) => r.axis),
    steps: resolved.map((r) => r.step),
  };
  return Object.entries(next).every(([k, v]) => String(v) === String(attrs[k])) ? attrs : { ...attrs, ...next };
}

export const slice: Op = {
  what: "every step-th element between start and end along axes",
  arity: [1, 5],
  outputs: [1, 1],
  attrs: {
    starts: { kind: "ints", optional: true },
    ends: { kind: "ints", optional: true },
    axes: { kind: "ints", optional: true },
    steps: { kind: "ints", optional: true },
  },
  traits: ["movement"],
  late: { starts: 1, ends: 2, axes: 3, steps: 4 },
  infer: inferSlice,
  eval: evalSlice,
  flops: noFlops,
  bytes: (c) => 2 * byteCount(c.outputs[0]!),
  normalise: normaliseSlice,
};

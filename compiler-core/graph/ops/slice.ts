/** Slice and pad: boxes with steps, cut out of a tensor or put into a larger one. */
import { isStatic, normalAxis, shapeText } from "../dims.ts";
import type { Attrs, Dim } from "../ir.ts";
import { copyBox } from "../eval-movement.ts";
import { allocate, strides, toNumbers, writeScalar, type NdArray, type Scalar } from "../ndarray.ts";
import { byteCount, intsAttr, noFlops, refuse, type EvalCall, type InferCall, type Inferred, type Op } from "./op.ts";

export interface AxisRange {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** What to cut: the attributes, or the operands starts, ends, axes, steps while they are not folded; undefined: not known yet. */
function ranges(
  attrs: Attrs,
  operand: (i: number) => readonly number[] | undefined,
  operands: readonly unknown[],
): readonly AxisRange[] | undefined {
  const given = (name: string, i: number): readonly number[] | undefined =>
    attrs["starts"] === undefined ? operand(i) : (attrs[name] as readonly number[] | undefined);
  const present = (i: number): boolean => attrs["starts"] === undefined && operands[i] !== undefined && operands[i] !== null;
  const [starts, ends] = [given("starts", 1), given("ends", 2)];
  const [axes, steps] = [given("axes", 3), given("steps", 4)];
  if (starts === undefined || ends === undefined || (axes === undefined && present(3)) || (steps === undefined && present(4)))
    return undefined;
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
  const { inputs, attrs, known } = call;
  const x = inputs[0]!;
  if (x.shape === undefined) return [x];
  const cuts = ranges(attrs, (i) => (inputs[i] ? known(i) && toNumbers(known(i)!) : undefined), inputs);
  if (cuts === undefined) return [{ dtype: x.dtype, shape: x.shape.map(() => "?") }];
  const shape = [...x.shape];
  for (const r of cuts) {
    const axis = normalAxis(r.axis, shape.length);
    if (axis === undefined) return refuse("attribute", `axis ${r.axis} is not an axis of ${shapeText(x.shape)}`);
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
  for (const r of ranges(attrs, (i) => (inputs[i] ? toNumbers(inputs[i]) : undefined), inputs) ?? []) {
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
  if (attrs["starts"] === undefined || !isStatic(shape)) return attrs;
  const cuts = ranges(attrs, () => undefined, []) ?? [];
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
    starts: { kind: "ints", optional: true, what: "absent: operands 1 to 4 hold starts, ends, axes, steps" },
    ends: { kind: "ints", optional: true },
    axes: { kind: "ints", optional: true },
    steps: { kind: "ints", optional: true },
  },
  traits: ["movement"],
  infer: inferSlice,
  eval: evalSlice,
  flops: noFlops,
  bytes: (c) => 2 * byteCount(c.outputs[0]!),
  normalise: normaliseSlice,
};

export const pad: Op = {
  what: "x with a constant around it (negative: cut off)",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { pads: { kind: "ints", what: "begins of all axes, then ends" }, value: { kind: "number", default: 0 } },
  traits: ["movement"],
  infer: ({ inputs, attrs }) => {
    const x = inputs[0]!;
    const pads = intsAttr(attrs, "pads");
    if (x.shape === undefined) return [x];
    const rank = x.shape.length;
    if (pads.length !== 2 * rank) return refuse("attribute", `${pads.length} pads for ${shapeText(x.shape)}`);
    const shape = x.shape.map((d, i) =>
      typeof d === "number" ? d + pads[i]! + pads[i + rank]! : pads[i]! + pads[i + rank]! === 0 ? d : "?",
    );
    return shape.some((d) => typeof d === "number" && d < 0)
      ? refuse("attribute", "pads cut off more than there is")
      : [{ dtype: x.dtype, shape }];
  },
  eval: ({ inputs, attrs, mode, outputs }) => {
    const x = inputs[0]!;
    const out = allocate(x.dtype, outputs[0]!.shape, mode);
    for (let i = 0; i < out.data.length; i++) writeScalar(out, i, attrs["value"] as Scalar);
    const pads = intsAttr(attrs, "pads");
    const [from, to] = [strides(x.shape), strides(out.shape)];
    const cut = x.shape.map((_, i) => Math.max(0, -pads[i]!));
    const extents = x.shape.map((d, i) => Math.max(0, d - cut[i]! - Math.max(0, -pads[i + x.shape.length]!)));
    const sum = (index: readonly number[], steps: readonly number[]): number => index.reduce((s, v, i) => s + v * steps[i]!, 0);
    copyBox(
      x,
      sum(cut, from),
      from,
      out,
      sum(
        x.shape.map((_, i) => Math.max(0, pads[i]!)),
        to,
      ),
      to,
      extents,
    );
    return [out];
  },
  flops: noFlops,
};

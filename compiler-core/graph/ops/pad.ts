/** Pad: a tensor with something around it, or less of it. */
import { normalAxis, shapeText } from "../dims.ts";
import { eachIndex } from "../eval-movement.ts";
import type { Attrs, Dim } from "../ir.ts";
import { allocate, strides, writeScalar, type NdArray, type Scalar } from "../ndarray.ts";
import {
  intsAttr,
  noFlops,
  optionalInts,
  refuse,
  stringAttr,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

const padModes = ["constant", "edge", "reflect", "wrap"] as const;
export type PadMode = (typeof padModes)[number];

/** What happens along one axis: the part [first, first + count) of the operand is kept, `before` elements stand in front of it. */
export interface AxisPad {
  readonly first: number;
  readonly count: number;
  readonly before: number;
  readonly extent: number;
}

/** The axes of a padded tensor of these extents; negative pads cut off. `pads`: begins of all axes, then ends. */
export function axisPads(shape: readonly number[], pads: readonly number[]): readonly AxisPad[] {
  return shape.map((d, i) => {
    const [before, after] = [pads[i]!, pads[i + shape.length]!];
    const first = Math.max(0, -before);
    return { first, count: d - first - Math.max(0, -after), before: Math.max(0, before), extent: d + before + after };
  });
}

/** The position in the operand that position `i` of the result shows; undefined: the constant (ONNX Pad-19, numpy.pad). */
export function padSource(i: number, p: AxisPad, mode: PadMode): number | undefined {
  const at = i - p.before;
  if (at >= 0 && at < p.count) return p.first + at;
  if (mode === "constant" || p.count <= 0) return undefined;
  if (mode === "edge") return p.first + Math.min(Math.max(at, 0), p.count - 1);
  const period = mode === "wrap" ? p.count : Math.max(1, 2 * (p.count - 1));
  const inPeriod = ((at % period) + period) % period;
  return p.first + (inPeriod < p.count ? inPeriod : period - inPeriod);
}

function paddedDim(d: Dim, before: number, after: number): Dim {
  return typeof d === "number" ? d + before + after : before + after === 0 ? d : "?";
}

function inferPad({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  const [mode, pads] = [stringAttr(attrs, "mode"), optionalInts(attrs, "pads")];
  if (!(padModes as readonly string[]).includes(mode)) return refuse("attribute", `padding of mode ${mode} is not known`);
  const value = inputs[2];
  if (value != null && value.dtype !== x.dtype) return refuse("dtype", `the value is ${value.dtype}, the operand ${x.dtype}`);
  if (x.shape === undefined) return [x];
  const rank = x.shape.length;
  if (pads === undefined || inputs[1] != null || inputs[3] != null) return [{ dtype: x.dtype, shape: x.shape.map(() => "?") }];
  if (attrs["axes"] !== undefined || pads.length !== 2 * rank)
    return refuse("attribute", `${pads.length} pads for ${intsOrAll(attrs, rank)} of ${shapeText(x.shape)}`);
  const shape = x.shape.map((d, i) => paddedDim(d, pads[i]!, pads[i + rank]!));
  if (shape.some((d) => typeof d === "number" && d < 0)) return refuse("attribute", "pads cut off more than there is");
  const nothing = x.shape.some(
    (d, i) => typeof d === "number" && d + Math.min(0, pads[i]!) + Math.min(0, pads[i + rank]!) <= 0 && shape[i] !== 0,
  );
  return nothing && mode !== "constant" ? refuse("attribute", `there is nothing to repeat in mode ${mode}`) : [{ dtype: x.dtype, shape }];
}

const intsOrAll = (attrs: Attrs, rank: number): string => `axes ${(optionalInts(attrs, "axes") ?? [...Array(rank).keys()]).join(",")}`;

/** Pads of some axes become pads of all of them. */
function normalisePad(inputs: readonly (TensorType | null)[], attrs: Attrs): Attrs {
  const [pads, axes, rank] = [optionalInts(attrs, "pads"), optionalInts(attrs, "axes"), inputs[0]?.shape?.length];
  if (pads === undefined || axes === undefined || rank === undefined || pads.length !== 2 * axes.length) return attrs;
  const all = new Array<number>(2 * rank).fill(0);
  for (const [i, given] of axes.entries()) {
    const axis = normalAxis(given, rank);
    if (axis === undefined) return attrs;
    all[axis] = pads[i]!;
    all[axis + rank] = pads[i + axes.length]!;
  }
  return Object.fromEntries([...Object.entries(attrs).filter(([name]) => name !== "axes"), ["pads", all]]);
}

function evalPad({ inputs, attrs, mode, outputs }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(x.dtype, outputs[0]!.shape, mode);
  const value = inputs[2]?.data[0] ?? (attrs["value"] as Scalar);
  const axes = axisPads(x.shape, intsAttr(attrs, "pads"));
  const steps = strides(x.shape);
  const sources = axes.map((p, a) =>
    Array.from({ length: p.extent }, (_, i) => {
      const from = padSource(i, p, stringAttr(attrs, "mode") as PadMode);
      return from === undefined ? NaN : from * steps[a]!;
    }),
  );
  eachIndex(out.shape, (index, at) => {
    let from = 0;
    for (let a = 0; a < index.length; a++) from += sources[a]![index[a]!]!;
    if (Number.isNaN(from)) writeScalar(out, at, value);
    else out.data[at] = x.data[from]!;
  });
  return [out];
}

export const pad: Op = {
  what: "x with a constant around it, or with its own elements repeated (negative: cut off)",
  arity: [1, 4],
  outputs: [1, 1],
  attrs: {
    pads: { kind: "ints", optional: true, what: "begins of all axes (or of `axes`), then ends" },
    axes: { kind: "ints", optional: true },
    value: { kind: "number", default: 0, what: "where operand 2 is absent" },
    mode: { kind: "string", default: "constant", what: "constant, edge, reflect or wrap" },
  },
  traits: ["movement"],
  late: { pads: 1, axes: 3 },
  infer: inferPad,
  eval: evalPad,
  flops: noFlops,
  normalise: normalisePad,
};

/** Before and after, to cut (negative) or to add, so that the middle stays in the middle (ONNX CenterCropPad-18). */
export function centred(from: number, to: number): readonly [number, number] {
  const before = to < from ? -Math.floor((from - to) / 2) : Math.floor((to - from) / 2);
  return [before, to - from - before];
}

/** The pads of a center-crop-pad of an operand of these extents. */
export function centredPads(shape: readonly number[], attrs: Attrs): readonly number[] {
  const target = intsAttr(attrs, "shape");
  const axes = (optionalInts(attrs, "axes") ?? shape.map((_, i) => i)).map((a) => (a < 0 ? a + shape.length : a));
  const pairs = shape.map((d, i) => (axes.includes(i) ? centred(d, target[axes.indexOf(i)]!) : ([0, 0] as const)));
  return [...pairs.map(([before]) => before), ...pairs.map(([, after]) => after)];
}

export const centerCropPad: Op = {
  what: "x cut or padded with zeros to a shape, around its middle",
  arity: [1, 2],
  outputs: [1, 1],
  attrs: { shape: { kind: "ints", optional: true }, axes: { kind: "ints", optional: true } },
  traits: ["composite", "movement"],
  late: { shape: 1 },
  infer: ({ inputs, attrs }) => {
    const x = inputs[0]!;
    const target = optionalInts(attrs, "shape");
    if (x.shape === undefined) return [x];
    const axes = (optionalInts(attrs, "axes") ?? x.shape.map((_, i) => i)).map((a) => normalAxis(a, x.shape!.length));
    if (axes.includes(undefined)) return refuse("attribute", `an axis is not an axis of ${shapeText(x.shape)}`);
    if (target !== undefined && target.length !== axes.length)
      return refuse("attribute", `${target.length} extents for ${axes.length} axes`);
    return [{ dtype: x.dtype, shape: x.shape.map((d, i) => (axes.includes(i) ? (target?.[axes.indexOf(i)] ?? "?") : d)) }];
  },
  eval: (call) =>
    evalPad({
      ...call,
      attrs: { pads: centredPads(call.inputs[0]!.shape, call.attrs), mode: "constant", value: 0 },
      inputs: [call.inputs[0]!],
    }),
  flops: noFlops,
};

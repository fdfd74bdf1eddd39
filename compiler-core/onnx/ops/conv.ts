/** ONNX convolutions. */
import type { Attrs, ValueId } from "../../graph/ir.ts";
import { integerRange } from "../../tensor/rounding.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

/** The attributes all sliding windows share; absent ones stay absent. */
export function windowAttributes(c: BuildCall): Attrs {
  return {
    strides: c.ints("strides"),
    dilations: c.ints("dilations"),
    pads: c.ints("pads"),
    autoPad: c.text("auto_pad", "NOTSET") || "NOTSET",
  };
}

/** Kernel extents come with the kernel itself: the attribute only repeats them. */
const conv: Builder = (c) => c.add("conv", c.operands(3), { ...windowAttributes(c), group: c.int("group", 1) });

/** Extents of the result may be given for all axes or for the spatial ones. */
const convTranspose: Builder = (c) => {
  const rank = c.shape(1)?.length ?? c.shape(0)?.length;
  const given = c.ints("output_shape");
  return c.add("conv-transpose", c.operands(3), {
    ...windowAttributes(c),
    group: c.int("group", 1),
    outputPadding: c.ints("output_padding"),
    outputShape: given === undefined || rank === undefined ? given : given.slice(-(rank - 2)),
  });
};

const spatialOnes = (c: BuildCall, operand: number): readonly number[] =>
  new Array<number>((c.shape(operand)?.length ?? notCompiled("the rank of the kernel is not known")) - 1).fill(1);

/** A value per output channel, so that it broadcasts; one for all of them stays one. */
function perOutput(c: BuildCall, v: ValueId, ones: readonly number[]): ValueId {
  const shape = c.shapeOf(v) ?? notCompiled("the rank of a scale or zero point is not known");
  return shape.length === 0 || shape[0] === 1
    ? c.add("reshape", [v], { shape: [], allowZero: true })
    : c.add("reshape", [v], { shape: [-1, ...ones] });
}

/** An 8-bit operand as i32 with its zero point taken off: then padding with 0 is padding with the zero point. */
function centred(c: BuildCall, x: ValueId, zero: ValueId | null, ones: readonly number[]): ValueId {
  const wide = c.add("cast", [x], { to: "i32" });
  return zero === null ? wide : c.add("sub", [wide, c.add("cast", [perOutput(c, zero, ones)], { to: "i32" })]);
}

/** com.microsoft has a form with channels last. */
const channelsFirst = (c: BuildCall): void =>
  c.flag("channels_last") ? notCompiled("channels as the last axis are not supported") : undefined;

const convInteger: Builder = (c) => {
  const ones = spatialOnes(c, 1);
  const [x, w] = [centred(c, c.input(0), c.optional(2), ones), centred(c, c.input(1), c.optional(3), ones)];
  return c.add("conv", [x, w], { ...windowAttributes(c), group: c.int("group", 1) });
};

/** Exact sums, then one scale per output channel: round half to even, shift, saturate; as ONNX Runtime's kernels do it. */
const qlinearConv: Builder = (c) => {
  channelsFirst(c);
  const ones = spatialOnes(c, 3);
  const [x, w] = [centred(c, c.input(0), c.input(2), ones), centred(c, c.input(3), c.input(5), ones)];
  const sum = c.add("conv", c.has(8) ? [x, w, c.input(8)] : [x, w], { ...windowAttributes(c), group: c.int("group", 1) });
  const spatial = ones.slice(1);
  const scales = c.add("mul", [perOutput(c, c.input(1), spatial), perOutput(c, c.input(4), spatial)]);
  const scale = c.add("div", [scales, perOutput(c, c.input(6), spatial)]);
  const to = c.dtype(7);
  const { lowest, highest } = integerRange(to);
  const rounded = c.add("round", [c.add("mul", [c.add("cast", [sum], { to: "f32" }), scale])]);
  const shifted = c.add("add", [rounded, c.add("cast", [perOutput(c, c.input(7), spatial)], { to: "f32" })]);
  return c.add("cast", [c.add("clip", [shifted], { min: Number(lowest), max: Number(highest) })], { to });
};

const col2im: Builder = (c) =>
  c.add("col2im", [c.input(0), c.input(1), c.input(2)], {
    strides: c.ints("strides"),
    dilations: c.ints("dilations"),
    pads: c.ints("pads"),
  });

/** A depthwise convolution over the past and the present, and the last positions of both for the next call. */
function causalConv(c: BuildCall) {
  const activation = c.text("activation", "none");
  if (!["none", "silu", "swish"].includes(activation)) notCompiled(`activation ${activation} is not known`);
  const [channels, , width] = c.shape(1) ?? notCompiled("the rank of its weight is not known");
  if (typeof channels !== "number" || typeof width !== "number") return notCompiled("the extents of its weight are not known");
  const before = width - 1;
  const x = c.has(3)
    ? c.add("concat", [c.input(3), c.input(0)], { axis: 2 })
    : before === 0
      ? c.input(0)
      : c.add("pad", [c.input(0)], { pads: [0, 0, before, 0, 0, 0] });
  const y = c.add("conv", c.has(2) ? [x, c.input(1), c.input(2)] : [x, c.input(1)], { group: channels, autoPad: "NOTSET" });
  const [starts, ends] = before === 0 ? [0, 0] : [-before, Number.MAX_SAFE_INTEGER];
  const state = c.add("slice", [x], { starts: [starts], ends: [ends], axes: [2], steps: [1] });
  return [activation === "none" ? y : c.add("silu", [y]), state];
}

export const convBuilders: Readonly<Record<string, Builder>> = {
  CausalConvWithState: causalConv,
  Conv: conv,
  ConvTranspose: convTranspose,
  ConvInteger: convInteger,
  QLinearConv: qlinearConv,
  "com.microsoft.QLinearConv": qlinearConv,
  Col2Im: col2im,
};

/** Graphs of convolutions and pools with channels last, for `cases.ts`: tails of channels, tiles and blocks, edges, fused members, bytes of both signs. */
import type { Attrs, Graph, ValueId } from "../../compiler-core/graph/ir.ts";
import { segmentsOf, tapGroups } from "../../compiler-core/graph/ops/conv-last.ts";
import type { ConvNet } from "./conv-cases.ts";

type Make = (
  net: ConvNet & { scalar(value: number): ValueId; bools(shape: readonly number[], at: (i: number) => boolean): ValueId },
) => ValueId | readonly ValueId[];
type Net = Parameters<Make>[0];

interface Window {
  readonly image: readonly [number, number, number, number];
  readonly kernel: readonly [number, number];
  readonly strides?: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
}

const attrsOf = ({ kernel, strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0] }: Window): Attrs => ({
  kernel,
  strides,
  dilations,
  pads,
});

/** Constants of small integers. */
const integers = (n: Net, to: "i8" | "i32", ...shape: number[]): ValueId =>
  n.op("cast", [n.op("mul", [n.weight(...shape), n.scalar(to === "i8" ? 90 : 3000)])], { to });
/** Kernels in bytes: rows that only fill up a group are 0, as the kernels are promised. `real`: which elements are not. */
const taps = (n: Net, shape: readonly number[], real: (i: number) => boolean): ValueId =>
  n.op("where", [n.bools(shape, real), integers(n, "i8", ...shape), n.op("cast", [n.scalar(0)], { to: "i8" })]);
const bytes = (n: Net, to: "u8" | "i8", shape: readonly number[]): ValueId =>
  n.op("requantize", [n.input(...shape), n.scalar(to === "u8" ? 100 : 120)], { to, zero: to === "u8" ? 120 : -3 });

const direct = (w: Window, outputs: number) => (n: Net) => {
  const [, , , channels] = w.image;
  const y = n.op("conv-last", [n.input(...w.image), n.weight(w.kernel[0] * w.kernel[1] * channels, outputs), n.weight(outputs)], {
    ...attrsOf(w),
    outputs,
  });
  return n.op("relu", [y]);
};

const directBytes = (w: Window, outputs: number, to: "u8" | "i8") => (n: Net) => {
  const segments = segmentsOf(w.kernel, w.dilations ?? [1, 1], w.image[3], true);
  const { count, padded, length } = segments;
  const kernel = taps(n, [count * padded, outputs], (i) => Math.floor(i / outputs) % padded < length);
  const operands = [bytes(n, to, w.image), kernel, integers(n, "i32", outputs)];
  const sums = n.op("conv-last", operands, { ...attrsOf(w), outputs, fill: to === "u8" ? 120 : -3 });
  return [sums, n.op("requantize", [sums, n.scalar(0.003)], { to, zero: 1 })];
};

const transformed = (w: Window, outputs: number) => (n: Net) => {
  const y = n.op("winograd-last", [n.input(...w.image), n.weight(16 * w.image[3], outputs), n.weight(outputs)], { ...attrsOf(w), outputs });
  return n.op("clip", [y], { min: -0.5, max: 1 });
};

const depthwise = (w: Window) => (n: Net) => {
  const channels = w.image[3];
  const y = n.op("depthwise-last", [n.input(...w.image), n.weight(w.kernel[0] * w.kernel[1], channels), n.weight(channels)], attrsOf(w));
  return n.op("clip", [y], { min: 0, max: 1 });
};

const depthwiseBytes = (w: Window, to: "u8" | "i8") => (n: Net) => {
  const channels = w.image[3];
  const groups = tapGroups(w.kernel[1]);
  const column = (i: number): number => (Math.floor(i / (4 * channels)) % groups) * 4 + (i % 4);
  const kernel = taps(n, [w.kernel[0] * groups, channels, 4], (i) => column(i) < w.kernel[1]);
  const operands = [bytes(n, to, w.image), kernel, integers(n, "i32", channels)];
  const sums = n.op("depthwise-last", operands, { ...attrsOf(w), fill: to === "u8" ? 120 : -3 });
  return n.op("requantize", [sums, n.weight(channels)], { to, zero: 7 });
};

/** With channels first, as a file has it: everything in between is written with channels last. */
function invertedBlocks(n: Net): ValueId {
  const clip = (v: ValueId): ValueId => n.op("clip", [v], { min: 0, max: 6 });
  const stem = clip(n.op("conv", [n.input(1, 3, 17, 19), n.weight(16, 3, 3, 3), n.weight(16)], { strides: [2, 2], pads: [1, 1, 1, 1] }));
  const wide = clip(n.op("conv", [stem, n.weight(32, 16, 1, 1), n.weight(32)]));
  const deep = clip(n.op("conv", [wide, n.weight(32, 1, 3, 3), n.weight(32)], { group: 32, pads: [1, 1, 1, 1] }));
  const narrow = n.op("add", [n.op("conv", [deep, n.weight(16, 32, 1, 1)]), stem]);
  const pooled = n.op("max-pool", [narrow], { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  const both = n.op("concat", [pooled, n.op("mul", [pooled, n.weight(1, 16, 1, 1)])], { axis: 1 });
  const last = n.op("relu", [n.op("conv", [both, n.weight(48, 32, 3, 3)], { pads: [1, 1, 1, 1] })]);
  return n.op("reshape", [n.op("reduce-mean", [last], { axes: [2, 3], keepdims: true })], { shape: [1, 48] });
}

const pad = [1, 1, 1, 1] as const;

export const channelsLastGraphs = (build: (make: Make) => Graph): Readonly<Record<string, Graph>> => ({
  "channels last, 3x3 to 17 of 5": build(direct({ image: [2, 5, 7, 5], kernel: [3, 3], pads: pad }, 17)),
  "channels last, stride 2, asymmetric": build(direct({ image: [1, 9, 16, 3], kernel: [3, 2], strides: [2, 2], pads: [1, 0, 0, 1] }, 40)),
  "channels last, dilated": build(direct({ image: [1, 8, 9, 4], kernel: [2, 3], dilations: [2, 2], pads: [1, 2, 1, 2] }, 33)),
  "channels last, one tap by 2, in place": build(direct({ image: [1, 9, 31, 8], kernel: [1, 1], strides: [2, 2] }, 16)),
  "channels last, one position": build(direct({ image: [1, 3, 3, 40], kernel: [3, 3] }, 1)),
  "channels last, bytes": build(directBytes({ image: [1, 6, 7, 6], kernel: [3, 3], pads: pad }, 18, "u8")),
  "channels last, signed bytes, dilated": build(
    directBytes({ image: [2, 7, 6, 3], kernel: [2, 2], dilations: [1, 3], pads: pad }, 33, "i8"),
  ),
  "channels last, transformed": build(transformed({ image: [2, 5, 7, 17], kernel: [3, 3], pads: pad }, 18)),
  "channels last, transformed, no padding": build(transformed({ image: [1, 8, 9, 16], kernel: [3, 3] }, 33)),
  "channels last, depthwise": build(depthwise({ image: [2, 7, 9, 19], kernel: [3, 3], pads: pad })),
  "channels last, depthwise 5x5 by 2": build(depthwise({ image: [1, 9, 8, 48], kernel: [5, 5], strides: [2, 2], pads: [2, 1, 2, 2] })),
  "channels last, depthwise bytes": build(depthwiseBytes({ image: [1, 9, 7, 80], kernel: [3, 3], pads: pad }, "u8")),
  "channels last, depthwise signed bytes": build(
    depthwiseBytes({ image: [1, 5, 8, 17], kernel: [3, 5], strides: [1, 2], pads: pad }, "i8"),
  ),
  "channels last, max pool": build((n) =>
    n.op("max-pool-last", [n.input(2, 7, 9, 19)], { kernel: [3, 2], strides: [2, 1], pads: [1, 1, 1, 0] }),
  ),
  "channels last between files' own layout": build(invertedBlocks),
});

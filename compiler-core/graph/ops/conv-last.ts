/**
 * Windows over images whose channels are the last axis, made by `propagate-layouts`. Results have a row for each position: [batch x positions, channels],
 * as a product would. Sums of bytes are of x as a kernel reads it (signed bytes as x + 128); what that and zero points add is in the start values.
 */
import { shapeText } from "../dims.ts";
import type { Dim } from "../ir.ts";
import { allocate, type NdArray, type NumberArray } from "../ndarray.ts";
import { transformed, winogradImage, winogradResult } from "../winograd.ts";
import { slideDims, threeAxes, windowAttrs, windowOf, windowProblem, type WindowAxis } from "../window.ts";
import {
  elementCount,
  intAttr,
  intsAttr,
  refuse,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

/** Rows of a kernel in a last group of four, and bytes of a lane. */
const depth = 4;

/** What is added to the bytes of an image when they are read. */
export const byteShift = (dtype: string): number => (dtype === "i8" ? 128 : 0);

/** How the rows of a kernel matrix follow each other: taps that lie together in the image are one segment, padded to whole groups for bytes. */
export interface Segments {
  readonly count: number;
  readonly length: number;
  /** Rows from one segment to the next. */
  readonly padded: number;
}

export function segmentsOf(kernel: readonly number[], dilations: readonly number[], channels: number, isByte: boolean): Segments {
  const [kh = 1, kw = 1] = kernel;
  const together = (dilations[1] ?? 1) === 1 || kw === 1;
  const length = together ? kw * channels : channels;
  return { count: together ? kh : kh * kw, length, padded: isByte ? Math.ceil(length / depth) * depth : length };
}

const attrs = {
  kernel: { kind: "ints", what: "taps along rows and columns" },
  ...windowAttrs,
  fill: { kind: "int", default: 0, what: "stands in the padding: the image's zero point" },
} as const;

const times = (dims: readonly Dim[]): Dim => (dims.every((d) => typeof d === "number") ? dims.reduce<number>((a, d) => a * d, 1) : "?");

/** The result of a window over the image with this many channels; a sentence when the image does not fit. */
function windows({ inputs, attrs: a }: InferCall, channels: Dim): Inferred {
  const x = inputs[0]!;
  const kernel = intsAttr(a, "kernel");
  const dtype = x.dtype === "f32" ? "f32" : "i32";
  if (!["f32", "u8", "i8"].includes(x.dtype)) return refuse("dtype", `images of ${x.dtype} have no kernel`);
  if (x.shape === undefined) return [{ dtype, shape: undefined }];
  if (x.shape.length !== 4 || kernel.length !== 2)
    return refuse("shape", `an image of ${shapeText(x.shape)} with ${kernel.length} axes of taps`);
  const problem = windowProblem(a, 2, kernel);
  if (problem !== undefined) return refuse("attribute", problem);
  const start = inputs[2];
  if (start != null && (start.dtype !== dtype || start.shape?.length !== 1 || start.shape[0] !== channels))
    return refuse("shape", `start values of ${start.dtype} ${shapeText(start.shape)} for ${channels} channels`);
  return [{ dtype, shape: [times([x.shape[0]!, ...slideDims(a, x.shape.slice(1, 3), kernel)]), channels] }];
}

const dilationsOf = (a: EvalCall["attrs"]): readonly number[] =>
  Array.isArray(a["dilations"]) ? (a["dilations"] as readonly number[]) : [1, 1];

function inferConv(call: InferCall): Inferred {
  const [x, w] = call.inputs as readonly [TensorType, TensorType];
  const outputs = intAttr(call.attrs, "outputs");
  const isByte = x.dtype !== "f32";
  if (w.dtype !== (isByte ? "i8" : "f32")) return refuse("dtype", `a kernel of ${w.dtype} for an image of ${x.dtype}`);
  const channels = x.shape?.[3];
  if (typeof channels === "number" && w.shape !== undefined) {
    const s = segmentsOf(intsAttr(call.attrs, "kernel"), dilationsOf(call.attrs), channels, isByte);
    const rows = w.shape.length === 4 ? Number(w.shape[1]) * depth : w.shape[0];
    if (rows !== s.count * s.padded || (w.shape.length === 2 && w.shape[1] !== outputs))
      return refuse("shape", `a kernel matrix of ${shapeText(w.shape)} does not fit an image of ${shapeText(x.shape)}`);
  }
  return windows(call, outputs);
}

/** Element (p, j) of a kernel matrix, plain or in panels of four interleaved rows. */
function matrixReader(w: NdArray): (p: number, j: number) => number {
  const data = w.data as NumberArray;
  const [, a, b] = w.shape as readonly number[];
  if (w.shape.length === 2) return (p, j) => data[p * a! + j]!;
  return (p, j) => data[((Math.floor(j / b!) * a! + Math.floor(p / depth)) * b! + (j % b!)) * depth + (p % depth)]!;
}

interface Geometry {
  readonly batch: number;
  readonly channels: number;
  readonly y: WindowAxis;
  readonly x: WindowAxis;
}

function geometry({ inputs, attrs: a }: EvalCall): Geometry {
  const [batch, rows, columns, channels] = inputs[0]!.shape as readonly [number, number, number, number];
  const [, y, x] = threeAxes(windowOf(a, [rows, columns], intsAttr(a, "kernel")))!;
  return { batch, channels, y, x };
}

/** Visits the taps of every position: row of the result, tap, and where its channels begin in the image (-1: in the padding). */
function forTaps({ batch, channels, y, x }: Geometry, visit: (row: number, ky: number, kx: number, at: number) => void): void {
  let row = 0;
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < y.output; oy++)
      for (let ox = 0; ox < x.output; ox++, row++)
        for (let ky = 0; ky < y.kernel; ky++)
          for (let kx = 0; kx < x.kernel; kx++) {
            const [iy, ix] = [oy * y.stride + ky * y.dilation - y.begin, ox * x.stride + kx * x.dilation - x.begin];
            const inside = iy >= 0 && iy < y.input && ix >= 0 && ix < x.input;
            visit(row, ky, kx, inside ? ((n * y.input + iy) * x.input + ix) * channels : -1);
          }
}

function evalConv(call: EvalCall): readonly NdArray[] {
  const [image, w, start] = call.inputs as readonly [NdArray, NdArray, (NdArray | null)?];
  const g = geometry(call);
  const [outputs, fill, shift] = [intAttr(call.attrs, "outputs"), intAttr(call.attrs, "fill"), byteShift(image.dtype)];
  const s = segmentsOf([g.y.kernel, g.x.kernel], [g.y.dilation, g.x.dilation], g.channels, image.dtype !== "f32");
  const weight = matrixReader(w);
  const data = image.data as NumberArray;
  const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
  const sums = new Float64Array(out.data.length);
  if (start) for (let i = 0; i < sums.length; i++) sums[i] = Number(start.data[i % outputs]);
  forTaps(g, (row, ky, kx, at) => {
    const from = s.count === g.y.kernel ? ky * s.padded + kx * g.channels : (ky * g.x.kernel + kx) * s.padded;
    for (let c = 0; c < g.channels; c++) {
      const value = (at < 0 ? fill : data[at + c]!) + shift;
      if (value === 0) continue;
      for (let j = 0; j < outputs; j++) sums[row * outputs + j]! += value * weight(from + c, j);
    }
  });
  (out.data as NumberArray).set(sums);
  return [out];
}

export const convLast: Op = {
  what: "convolution of an image with channels last, [batch, rows, columns, channels], with a matrix [taps x channels, outputs], plus a start value per output",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { ...attrs, outputs: { kind: "int", what: "channels of the result" } },
  traits: ["matmul"],
  infer: inferConv,
  eval: evalConv,
  flops: (c: CostCall) => {
    const taps = intsAttr(c.attrs, "kernel").reduce((a, b) => a * b, 1);
    return 2 * elementCount(c.outputs[0]!) * taps * (c.inputs[0]!.shape[3] ?? 1);
  },
};

function inferWinograd(call: InferCall): Inferred {
  const [x, w] = call.inputs as readonly [TensorType, TensorType];
  const [kernel, outputs] = [intsAttr(call.attrs, "kernel"), intAttr(call.attrs, "outputs")];
  const steps = ["strides", "dilations"].flatMap((name) =>
    Array.isArray(call.attrs[name]) ? (call.attrs[name] as readonly number[]) : [],
  );
  if (x.dtype !== "f32" || w.dtype !== "f32") return refuse("dtype", "only images of 32-bit floats are transformed");
  if (String(kernel) !== "3,3" || steps.some((s) => s !== 1))
    return refuse("attribute", "only 3 x 3 taps one after the other are transformed");
  const channels = x.shape?.[3];
  if (typeof channels === "number" && w.shape !== undefined && String(w.shape) !== String([16 * channels, outputs]))
    return refuse("shape", `a transformed kernel of ${shapeText(w.shape)} does not fit an image of ${shapeText(x.shape)}`);
  return windows(call, outputs);
}

/** Tile by tile: 16 sums for each output channel. */
function evalWinograd(call: EvalCall): readonly NdArray[] {
  const [image, w, start] = call.inputs as readonly [NdArray, NdArray, (NdArray | null)?];
  const { batch, channels, y, x } = geometry(call);
  const outputs = intAttr(call.attrs, "outputs");
  const [data, weights] = [image.data as NumberArray, w.data as NumberArray];
  const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
  const to = out.data as NumberArray;
  const pixel = (n: number, iy: number, ix: number, c: number): number =>
    iy < 0 || iy >= y.input || ix < 0 || ix >= x.input ? 0 : data[((n * y.input + iy) * x.input + ix) * channels + c]!;
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < y.output; oy += 2)
      for (let ox = 0; ox < x.output; ox += 2) {
        const images = Array.from({ length: channels }, (_, c) =>
          transformed(winogradImage, (i) => pixel(n, oy + Math.floor(i / 4) - y.begin, ox + (i % 4) - x.begin, c)),
        );
        for (let j = 0; j < outputs; j++) {
          const sums = Array.from({ length: 16 }, (_, e) =>
            images.reduce((sum, v, c) => sum + v[e]! * weights[(e * channels + c) * outputs + j]!, 0),
          );
          const four = transformed(winogradResult, (e) => sums[e]!);
          four.forEach((value, i) => {
            const [py, px] = [oy + Math.floor(i / 2), ox + (i % 2)];
            if (py < y.output && px < x.output)
              to[((n * y.output + py) * x.output + px) * outputs + j] = value + (start ? Number(start.data[j]) : 0);
          });
        }
      }
  return [out];
}

export const winogradLast: Op = {
  what: "conv-last with 3 x 3 taps by F(2x2, 3x3): the kernel is transformed, [16 x channels, outputs]",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: { ...attrs, outputs: { kind: "int", what: "channels of the result" } },
  traits: ["matmul"],
  infer: inferWinograd,
  eval: evalWinograd,
  // As many as the direct sum has, so that figures can be compared.
  flops: (c: CostCall) => 18 * elementCount(c.outputs[0]!) * (c.inputs[0]!.shape[3] ?? 1),
};

/** Groups of four taps in a row of a kernel of bytes. */
export const tapGroups = (kw: number): number => Math.ceil(kw / depth);

function inferDepthwise(call: InferCall): Inferred {
  const [x, w] = call.inputs as readonly [TensorType, TensorType];
  const [kh = 1, kw = 1] = intsAttr(call.attrs, "kernel");
  const channels = x.shape?.[3] ?? "?";
  const isByte = x.dtype !== "f32";
  const expected = isByte ? [kh * tapGroups(kw), channels, depth] : [kh * kw, channels];
  if (w.dtype !== (isByte ? "i8" : "f32")) return refuse("dtype", `a kernel of ${w.dtype} for an image of ${x.dtype}`);
  if (x.shape !== undefined && w.shape !== undefined && String(w.shape) !== String(expected))
    return refuse("shape", `kernels of ${shapeText(w.shape)} do not fit an image of ${shapeText(x.shape)}`);
  return windows(call, channels);
}

function evalDepthwise(call: EvalCall): readonly NdArray[] {
  const [image, w, start] = call.inputs as readonly [NdArray, NdArray, (NdArray | null)?];
  const g = geometry(call);
  const { channels } = g;
  const [fill, shift] = [intAttr(call.attrs, "fill"), byteShift(image.dtype)];
  const [data, weights] = [image.data as NumberArray, w.data as NumberArray];
  const groups = tapGroups(g.x.kernel);
  const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
  const sums = new Float64Array(out.data.length);
  if (start) for (let i = 0; i < sums.length; i++) sums[i] = Number(start.data[i % channels]);
  forTaps(g, (row, ky, kx, at) => {
    for (let c = 0; c < channels; c++) {
      const place =
        image.dtype === "f32"
          ? (ky * g.x.kernel + kx) * channels + c
          : ((ky * groups + Math.floor(kx / depth)) * channels + c) * depth + (kx % depth);
      sums[row * channels + c]! += ((at < 0 ? fill : data[at + c]!) + shift) * weights[place]!;
    }
  });
  (out.data as NumberArray).set(sums);
  return [out];
}

export const depthwiseLast: Op = {
  what: "convolution of each channel of an image with channels last with a kernel of its own: [taps, channels], or four taps of a channel together for bytes",
  arity: [2, 3],
  outputs: [1, 1],
  attrs,
  traits: [],
  infer: inferDepthwise,
  eval: evalDepthwise,
  flops: (c: CostCall) => 2 * elementCount(c.outputs[0]!) * intsAttr(c.attrs, "kernel").reduce((a, b) => a * b, 1),
};

export const maxPoolLast: Op = {
  what: "largest element of each window of an image with channels last; every window has elements inside",
  arity: [1, 1],
  outputs: [1, 1],
  attrs: { kernel: attrs.kernel, ...windowAttrs },
  traits: [],
  infer: ({ inputs, attrs: a }) => {
    const x = inputs[0]!;
    const kernel = intsAttr(a, "kernel");
    if (x.shape === undefined) return [x];
    if (x.shape.length !== 4 || kernel.length !== 2) return refuse("shape", `an image of ${shapeText(x.shape)}`);
    const problem = windowProblem(a, 2, kernel);
    if (problem !== undefined) return refuse("attribute", problem);
    return [{ dtype: x.dtype, shape: [x.shape[0]!, ...slideDims(a, x.shape.slice(1, 3), kernel), x.shape[3]!] }];
  },
  eval: (call) => {
    const g = geometry(call);
    const from = call.inputs[0]!.data as NumberArray;
    const out = allocate(call.outputs[0]!.dtype, call.outputs[0]!.shape, call.mode);
    const to = (out.data as NumberArray).fill(-Infinity);
    const seen = new Uint8Array(to.length / Math.max(1, g.channels));
    forTaps(g, (row, _ky, _kx, at) => {
      if (at < 0) return;
      for (let c = 0; c < g.channels; c++) {
        const [i, v] = [row * g.channels + c, from[at + c]!];
        if (seen[row] === 0 || (!(v <= to[i]!) && !Number.isNaN(to[i]))) to[i] = v;
      }
      seen[row] = 1;
    });
    return [out];
  },
  flops: (c: CostCall) => elementCount(c.outputs[0]!) * intsAttr(c.attrs, "kernel").reduce((a, b) => a * b, 1),
};

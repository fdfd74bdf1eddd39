/** Transposed convolution, and the folding of columns into images that it is made of. */
import { bug } from "../../messages.ts";
import { isFloat } from "../../support/dtype.ts";
import { roundFloat } from "../../tensor/rounding.ts";
import { shapeAgrees, shapeText } from "../dims.ts";
import type { Attrs, Dim, Shape } from "../ir.ts";
import { allocate, count, type BigArray, type NdArray, type NumberArray } from "../ndarray.ts";
import { reach, threeAxes, windowAttrs, windowProblem, type WindowAxis } from "../window.ts";
import {
  elementCount,
  floatTypes,
  intAttr,
  numberTypes,
  optionalInts,
  refuse,
  stringAttr,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

/**
 * The axis `i` of `rank` of a transposed convolution: input position `p`, tap `k` go to output position `p * stride + k * dilation - begin`.
 * A given output extent decides the padding, as in the operator's specification.
 */
function transposedAxis(attrs: Attrs, i: number, rank: number, input: number, kernel: number): WindowAxis {
  const at = (name: string, otherwise: number): number => optionalInts(attrs, name)?.[i] ?? otherwise;
  const [stride, dilation, extra] = [at("strides", 1), at("dilations", 1), at("outputPadding", 0)];
  const span = (input - 1) * stride + reach(kernel, dilation);
  const mode = stringAttr(attrs, "autoPad");
  const wanted = optionalInts(attrs, "outputShape")?.[i] ?? (mode.startsWith("SAME") ? input * stride : undefined);
  if (wanted !== undefined) {
    const total = Math.max(0, span + extra - wanted);
    const half = Math.floor(total / 2);
    const begin = mode === "SAME_UPPER" ? half : total - half;
    return { input, kernel, stride, dilation, begin, end: span - begin - wanted, output: wanted };
  }
  const pads = mode === "VALID" ? undefined : optionalInts(attrs, "pads");
  const [begin, end] = [pads?.[i] ?? 0, pads?.[i + rank] ?? 0];
  const output = Math.max(0, span + extra - begin - end);
  return { input, kernel, stride, dilation, begin, end: span - begin - output, output };
}

export const transposedWindow = (attrs: Attrs, spatial: readonly number[], kernel: readonly number[]): readonly WindowAxis[] =>
  spatial.map((d, i) => transposedAxis(attrs, i, spatial.length, d, kernel[i] ?? 1));

/** What a transposed convolution has besides the attributes of all windows. */
function transposedProblem(attrs: Attrs, rank: number): string | undefined {
  const [extra, wanted] = [optionalInts(attrs, "outputPadding"), optionalInts(attrs, "outputShape")];
  if ((extra?.length ?? rank) !== rank || (wanted?.length ?? rank) !== rank)
    return `output padding or output shape are not for ${rank} spatial axes`;
  return [...(extra ?? []), ...(wanted ?? [])].some((v) => v < 0) ? "output padding or output shape is negative" : undefined;
}

function inferTranspose({ inputs, attrs }: InferCall): Inferred {
  const [x, w, bias] = inputs as readonly [TensorType, TensorType, TensorType | null | undefined];
  if (!floatTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  const other = inputs.find((t) => t !== null && t.dtype !== x.dtype);
  if (other) return refuse("dtype", `operands have different element types (${x.dtype}, ${other.dtype})`);
  const rank = x.shape?.length ?? w.shape?.length;
  if (rank === undefined) return [{ dtype: x.dtype, shape: undefined }];
  const unknown = new Array<Dim>(rank).fill("?");
  const [xs, ws]: readonly Shape[] = [x.shape ?? unknown, w.shape ?? unknown];
  if (rank < 3 || ws!.length !== rank) return refuse("shape", `${shapeText(ws)} is not a kernel for ${shapeText(xs)}`);
  if (typeof xs![1] === "number" && typeof ws![0] === "number" && xs![1] !== ws![0])
    return refuse("shape", `${xs![1]} channels for a kernel of ${ws![0]}`);
  const problem = windowProblem(attrs, rank - 2) ?? transposedProblem(attrs, rank - 2);
  if (problem !== undefined) return refuse("attribute", problem);
  const group = intAttr(attrs, "group");
  if (group < 1 || (typeof ws![0] === "number" && ws![0] % group !== 0)) return refuse("shape", `${group} groups do not divide the kernel`);
  const perGroup = ws![1]!;
  const outputs: Dim = typeof perGroup === "number" ? perGroup * group : "?";
  if (!shapeAgrees(bias?.shape, [outputs])) return refuse("shape", `a bias of ${shapeText(bias?.shape)} for ${outputs} channels`);
  const spatial = xs!.slice(2).map((d, i): Dim => {
    const k = ws![i + 2];
    return typeof d === "number" && typeof k === "number" ? transposedAxis(attrs, i, rank - 2, d, k).output : "?";
  });
  return [{ dtype: x.dtype, shape: [xs![0]!, outputs, ...spatial] }];
}

/** Adds `value` of every input position of a plane to the output positions its taps go to. */
function scatterTap(
  to: Float64Array,
  axes: readonly [WindowAxis, WindowAxis, WindowAxis],
  tap: readonly [number, number, number],
  value: (position: number) => number,
): void {
  const [z, y, x] = axes;
  const [sz, sy, sx] = axes.map((a, i) => tap[i]! * a.dilation - a.begin) as [number, number, number];
  for (let iz = 0; iz < z.input; iz++) {
    const oz = iz * z.stride + sz;
    if (oz < 0 || oz >= z.output) continue;
    for (let iy = 0; iy < y.input; iy++) {
      const oy = iy * y.stride + sy;
      if (oy < 0 || oy >= y.output) continue;
      const [from, row] = [(iz * y.input + iy) * x.input, (oz * y.output + oy) * x.output];
      for (let ix = 0; ix < x.input; ix++) {
        const ox = ix * x.stride + sx;
        if (ox >= 0 && ox < x.output) to[row + ox]! += value(from + ix);
      }
    }
  }
}

function forTaps(axes: readonly WindowAxis[], visit: (tap: readonly [number, number, number], index: number) => void): void {
  const [z, y, x] = axes.map((a) => a.kernel) as [number, number, number];
  for (let a = 0, i = 0; a < z; a++) for (let b = 0; b < y; b++) for (let c = 0; c < x; c++) visit([a, b, c], i++);
}

type Plain = Exclude<NdArray["data"], BigArray>;

/** Sums as elements of the result. */
function settle(out: NdArray, at: number, sums: Float64Array, exact: boolean): void {
  const round = !exact && isFloat(out.dtype);
  for (let i = 0; i < sums.length; i++) {
    const v = sums[i]!;
    if (typeof out.data[at + i] === "bigint") out.data[at + i] = BigInt(Math.trunc(v));
    else (out.data as Plain)[at + i] = round ? roundFloat(out.dtype, v) : v;
  }
}

function evalTranspose({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const [x, w, bias] = inputs as readonly [NdArray, NdArray, NdArray | null | undefined];
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const axes = threeAxes(transposedWindow(attrs, x.shape.slice(2), w.shape.slice(2))) ?? bug("more than three spatial axes");
  const groups = intAttr(attrs, "group");
  const [channels, perGroup] = [x.shape[1]! / groups, w.shape[1]!];
  const [plane, taps, result] = [count(x.shape.slice(2)), count(w.shape.slice(2)), count(out.shape.slice(2))];
  const [from, weights] = [x.data as NumberArray, w.data as NumberArray];
  const sums = new Float64Array(result);
  for (let n = 0; n < x.shape[0]!; n++) {
    for (let m = 0; m < groups * perGroup; m++) {
      sums.fill(bias ? Number(bias.data[m]) : 0);
      const group = Math.floor(m / perGroup);
      for (let c = group * channels; c < (group + 1) * channels; c++) {
        const image = (n * x.shape[1]! + c) * plane;
        forTaps(axes, (tap, t) => {
          const weight = weights[(c * perGroup + (m % perGroup)) * taps + t]!;
          scatterTap(sums, axes, tap, (p) => weight * from[image + p]!);
        });
      }
      settle(out, (n * groups * perGroup + m) * result, sums, mode === "f64");
    }
  }
  return [out];
}

export const convTranspose: Op = {
  what: "transposed convolution: every element of x adds a multiple of the kernel [channels, outputs / group, ...] to the result",
  arity: [2, 3],
  outputs: [1, 1],
  attrs: {
    ...windowAttrs,
    group: { kind: "int", default: 1 },
    outputPadding: { kind: "ints", optional: true, what: "extents added at the end" },
    outputShape: { kind: "ints", optional: true, what: "spatial extents of the result; they decide the padding" },
  },
  traits: ["composite", "matmul"],
  infer: inferTranspose,
  eval: evalTranspose,
  flops: (c) => (2 * elementCount(c.inputs[0]!) * elementCount(c.inputs[1]!)) / (c.inputs[1]!.shape[0] || 1),
};

/** The geometry of a folding: `input` positions of the block, `output` the extent of the image. */
export function foldingAxes(attrs: Attrs): readonly WindowAxis[] {
  const [image, block] = [optionalInts(attrs, "image") ?? [], optionalInts(attrs, "block") ?? []];
  return image.map((output, i) => {
    const at = (name: string, otherwise: number): number => optionalInts(attrs, name)?.[i] ?? otherwise;
    const [kernel, stride, dilation] = [block[i] ?? 1, at("strides", 1), at("dilations", 1)];
    const [begin, end] = [at("pads", 0), optionalInts(attrs, "pads")?.[i + image.length] ?? 0];
    const input = Math.max(0, Math.floor((output + begin + end - reach(kernel, dilation)) / stride) + 1);
    return { input, kernel, stride, dilation, begin, end, output };
  });
}

function inferCol2Im({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  const [image, block] = [optionalInts(attrs, "image"), optionalInts(attrs, "block")];
  if (!numberTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} are not supported here`);
  if (x.shape === undefined || image === undefined || block === undefined) return [{ dtype: x.dtype, shape: undefined }];
  // Transposed convolutions with output padding fold with negative padding.
  const problem = windowProblem({ ...attrs, pads: undefined, autoPad: "NOTSET" }, image.length, [...image, ...block]);
  if (problem !== undefined) return refuse("attribute", problem);
  if (x.shape.length !== 3 || image.length !== block.length || image.length < 1)
    return refuse("shape", `${shapeText(x.shape)} are not columns of blocks ${block.join("x")} of an image ${image.join("x")}`);
  const [n, rows, columns] = x.shape as readonly [Dim, Dim, Dim];
  const positions = foldingAxes(attrs).reduce((p, a) => p * a.input, 1);
  const taps = count(block);
  if (typeof columns === "number" && columns !== positions) return refuse("shape", `${columns} columns for ${positions} blocks`);
  if (typeof rows === "number" && rows % taps !== 0) return refuse("shape", `${rows} rows for blocks of ${taps} elements`);
  return [{ dtype: x.dtype, shape: [n, typeof rows === "number" ? rows / taps : "?", ...image] }];
}

function evalCol2Im({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const axes = threeAxes(foldingAxes(attrs)) ?? bug("more than three spatial axes");
  const [positions, result] = [x.shape[2]!, count(out.shape.slice(2))];
  const taps = axes.reduce((n, a) => n * a.kernel, 1);
  const sums = new Float64Array(result);
  for (let plane = 0; plane < out.shape[0]! * out.shape[1]!; plane++) {
    sums.fill(0);
    forTaps(axes, (tap, t) => scatterTap(sums, axes, tap, (p) => Number(x.data[(plane * taps + t) * positions + p])));
    settle(out, plane * result, sums, mode === "f64");
  }
  return [out];
}

export const col2im: Op = {
  what: "the sum of all blocks, each an image column, put at their places in the image",
  arity: [1, 3],
  outputs: [1, 1],
  attrs: {
    image: { kind: "ints", optional: true, what: "spatial extents of the result" },
    block: { kind: "ints", optional: true, what: "extents of a block" },
    strides: windowAttrs.strides,
    dilations: windowAttrs.dilations,
    pads: windowAttrs.pads,
  },
  traits: [],
  late: { image: 1, block: 2 },
  infer: inferCol2Im,
  eval: evalCol2Im,
  flops: (c) => elementCount(c.inputs[0]!),
};

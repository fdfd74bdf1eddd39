/** Windows, mel filters and Fourier transforms (ONNX operator sets 17 and 20). */
import { normalAxis, shapeText } from "../dims.ts";
import { allocate, count, fromValues, writeScalar, type NdArray } from "../ndarray.ts";
import {
  boolAttr,
  dtypeAttr,
  floatTypes,
  intAttr,
  noFlops,
  refuse,
  type CostCall,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

export const window: Op = {
  what: "a sum of cosines over one period: Hann, Hamming and Blackman windows",
  arity: [0, 1],
  outputs: [1, 1],
  attrs: {
    size: { kind: "int", optional: true },
    coefficients: { kind: "numbers", what: "a0 - a1 cos(t) + a2 cos(2t)" },
    periodic: { kind: "bool", default: true, what: "else symmetric" },
    dtype: { kind: "dtype", default: "f32" },
  },
  traits: [],
  late: { size: 0 },
  infer: ({ attrs }) => [{ dtype: dtypeAttr(attrs, "dtype"), shape: [(attrs["size"] as number | undefined) ?? "?"] }],
  eval: ({ attrs, outputs, mode }) => {
    const n = outputs[0]!.shape[0]!;
    const period = boolAttr(attrs, "periodic") ? n : n - 1;
    const [a0, a1, a2] = attrs["coefficients"] as readonly [number, number, number];
    const at = (i: number): number => (2 * Math.PI * i) / Math.max(1, period);
    const values = Array.from({ length: n }, (_, i) => a0 - a1 * Math.cos(at(i)) + a2 * Math.cos(2 * at(i)));
    return [fromValues(outputs[0]!.dtype, [n], values, mode)];
  },
  flops: noFlops,
};

const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);

export const melWeights: Op = {
  what: "triangular filters that turn a spectrum into mel bins",
  arity: [0, 5],
  outputs: [1, 1],
  attrs: {
    bins: { kind: "int", optional: true },
    length: { kind: "int", optional: true },
    rate: { kind: "int", optional: true },
    low: { kind: "number", optional: true },
    high: { kind: "number", optional: true },
    dtype: { kind: "dtype", default: "f32" },
  },
  traits: [],
  late: { bins: 0, length: 1, rate: 2, low: 3, high: 4 },
  infer: ({ attrs, inputs }) => {
    const [bins, length] = [attrs["bins"], attrs["length"]] as readonly (number | undefined)[];
    const known = inputs.every((operand) => operand === null) && bins !== undefined && length !== undefined;
    return [{ dtype: dtypeAttr(attrs, "dtype"), shape: known ? [Math.floor(length / 2) + 1, bins] : ["?", "?"] }];
  },
  eval: ({ attrs, outputs, mode }) => {
    const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
    const [bins, length, rate] = ["bins", "length", "rate"].map((name) => intAttr(attrs, name)) as [number, number, number];
    const [low, high] = [mel(Number(attrs["low"])), mel(Number(attrs["high"]))];
    const edges = Array.from({ length: bins + 2 }, (_, i) => {
      const hertz = 700 * (10 ** ((low + (i * (high - low)) / (bins + 2)) / 2595) - 1);
      return Math.floor(((length + 1) * hertz) / rate);
    });
    const put = (row: number, bin: number, value: number): void => {
      if (row >= 0 && row < out.shape[0]!) writeScalar(out, row * bins + bin, value);
    };
    for (let i = 0; i < bins; i++) {
      const [from, middle, to] = edges.slice(i, i + 3) as [number, number, number];
      if (middle === from) put(middle, i, 1);
      else for (let j = from; j <= middle; j++) put(j, i, (j - from) / (middle - from));
      for (let j = middle; j < to; j++) put(j, i, (to - j) / (to - middle));
    }
    return [out];
  },
  flops: noFlops,
};

/** Bins of a transform of this length. */
export const bins = (length: number, oneSided: boolean): number => (oneSided ? Math.floor(length / 2) + 1 : length);

/**
 * The transform of `samples` numbers of `parts` parts (real, or real and imaginary), cut or padded with zeros to `length`, as a matrix:
 * (sample, part) x (bin, part of the result), row-major.
 */
export function fourierMatrix(samples: number, parts: number, length: number, oneSided: boolean, inverse: boolean): Float64Array {
  const columns = bins(length, oneSided) * 2;
  const out = new Float64Array(samples * parts * columns);
  const [sign, scale] = inverse ? [1, 1 / length] : [-1, 1];
  for (let s = 0; s < Math.min(samples, length); s++)
    for (let k = 0; k < columns / 2; k++) {
      // The angle repeats: whole turns are taken off before they cost digits.
      const angle = (sign * 2 * Math.PI * ((s * k) % length)) / length;
      const [re, im] = [Math.cos(angle) * scale, Math.sin(angle) * scale];
      const real = s * parts * columns + 2 * k;
      out[real] = re;
      out[real + 1] = im;
      if (parts === 1) continue;
      out[real + columns] = -im;
      out[real + columns + 1] = re;
    }
  return out;
}

/** Rows of `from` numbers times a matrix, in double precision. */
function product(rows: ArrayLike<number>, matrix: Float64Array, from: number): Float64Array {
  const to = matrix.length / from;
  const out = new Float64Array((rows.length / from) * to);
  for (let r = 0; r < rows.length / from; r++)
    for (let k = 0; k < from; k++) for (let j = 0; j < to; j++) out[r * to + j]! += rows[r * from + k]! * matrix[k * to + j]!;
  return out;
}

const spectrumFlops = (c: CostCall): number => 2 * count(c.outputs[0]!.shape) * Math.max(1, c.inputs[0]!.shape.at(-2) ?? 1);

function inferDft({ inputs, attrs }: InferCall): Inferred {
  const x = inputs[0]!;
  if (!floatTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} have no spectrum`);
  if (boolAttr(attrs, "inverse") && boolAttr(attrs, "oneSided"))
    return refuse("attribute", "a one-sided inverse transform is not supported");
  if (x.shape === undefined) return [x];
  const parts = x.shape.at(-1);
  if (typeof parts === "number" && parts !== 1 && (parts !== 2 || boolAttr(attrs, "oneSided")))
    return refuse("shape", `the last axis of ${shapeText(x.shape)} does not hold real, or real and imaginary, parts`);
  const pending = inputs[1] != null || inputs[2] != null;
  const axis = pending ? undefined : normalAxis(intAttr(attrs, "axis"), x.shape.length);
  if (!pending && (axis === undefined || axis === x.shape.length - 1))
    return refuse("attribute", `axis ${intAttr(attrs, "axis")} cannot be transformed`);
  const shape = x.shape.map((d, i) => {
    if (i === x.shape!.length - 1) return 2;
    if (i !== axis) return pending ? "?" : d;
    const length = (attrs["length"] as number | undefined) ?? d;
    return typeof length === "number" ? bins(length, boolAttr(attrs, "oneSided")) : "?";
  });
  return [{ dtype: x.dtype, shape }];
}

function evalDft({ inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const axis = normalAxis(intAttr(attrs, "axis"), x.shape.length)!;
  const [samples, parts] = [x.shape[axis]!, x.shape.at(-1)!];
  const length = (attrs["length"] as number | undefined) ?? samples;
  const matrix = fourierMatrix(samples, parts, length, boolAttr(attrs, "oneSided"), boolAttr(attrs, "inverse"));
  const out = allocate(x.dtype, outputs[0]!.shape, mode);
  const [to, inner] = [out.shape[axis]!, count(x.shape.slice(axis + 1, -1))];
  for (let row = 0; row < count(x.shape.slice(0, axis)) * inner; row++) {
    const [o, i] = [Math.floor(row / inner), row % inner];
    const line = Float64Array.from({ length: samples * parts }, (_, at) =>
      Number(x.data[((o * samples + Math.floor(at / parts)) * inner + i) * parts + (at % parts)]),
    );
    product(line, matrix, samples * parts).forEach((v, at) =>
      writeScalar(out, ((o * to + Math.floor(at / 2)) * inner + i) * 2 + (at % 2), v),
    );
  }
  return [out];
}

export const dft: Op = {
  what: "the discrete Fourier transform along an axis; becomes a product with a constant matrix",
  arity: [1, 3],
  outputs: [1, 1],
  attrs: {
    length: { kind: "int", optional: true, what: "absent: the extent of the axis" },
    axis: { kind: "int", default: -2 },
    inverse: { kind: "bool", default: false },
    oneSided: { kind: "bool", default: false },
  },
  traits: ["composite"],
  late: { length: 1, axis: 2 },
  infer: inferDft,
  eval: evalDft,
  flops: spectrumFlops,
};

/** The length of a frame: given, or that of the window. */
export const frameLength = (attrs: EvalCall["attrs"], windowShape: readonly (number | string)[] | undefined): number | undefined =>
  (attrs["length"] as number | undefined) ?? (typeof windowShape?.[0] === "number" ? windowShape[0] : undefined);

export const stft: Op = {
  what: "Fourier transforms of overlapping frames of a signal; becomes a gather, a scaling and a `dft`",
  arity: [1, 4],
  outputs: [1, 1],
  attrs: { step: { kind: "int", optional: true }, length: { kind: "int", optional: true }, oneSided: { kind: "bool", default: true } },
  traits: ["composite"],
  late: { step: 2, length: 3 },
  infer: ({ inputs, attrs }) => {
    const [x, weights] = inputs as readonly [TensorType, TensorType | null | undefined];
    if (!floatTypes.includes(x.dtype)) return refuse("dtype", `elements of type ${x.dtype} have no spectrum`);
    if (x.shape === undefined) return [x];
    if (x.shape.length !== 3) return refuse("shape", `${shapeText(x.shape)} is not a batch of signals`);
    const [length, step] = [frameLength(attrs, weights?.shape), attrs["step"] as number | undefined];
    const samples = x.shape[1]!;
    const pending = inputs[2] != null || inputs[3] != null || length === undefined || step === undefined || typeof samples !== "number";
    if (pending) return [{ dtype: x.dtype, shape: [x.shape[0]!, "?", "?", 2] }];
    if (step <= 0 || length > samples) return refuse("value", `frames of ${length} every ${step} do not fit ${samples} samples`);
    return [
      { dtype: x.dtype, shape: [x.shape[0]!, Math.floor((samples - length) / step) + 1, bins(length, boolAttr(attrs, "oneSided")), 2] },
    ];
  },
  eval: ({ inputs, attrs, outputs, mode }) => {
    const [x, weights] = inputs as readonly [NdArray, NdArray | null | undefined];
    const [length, step] = [frameLength(attrs, weights?.shape)!, intAttr(attrs, "step")];
    const [samples, parts] = [x.shape[1]!, x.shape[2]!];
    const out = allocate(x.dtype, outputs[0]!.shape, mode);
    const [frames, row] = [out.shape[1]!, out.shape[2]! * 2];
    const matrix = fourierMatrix(length, parts, length, boolAttr(attrs, "oneSided"), false);
    for (let f = 0; f < out.shape[0]! * frames; f++) {
      const start = (Math.floor(f / frames) * samples + (f % frames) * step) * parts;
      const line = Float64Array.from(
        { length: length * parts },
        (_, i) => Number(x.data[start + i]) * Number(weights?.data[Math.floor(i / parts)] ?? 1),
      );
      product(line, matrix, length * parts).forEach((v, i) => writeScalar(out, f * row + i, v));
    }
    return [out];
  },
  flops: spectrumFlops,
};

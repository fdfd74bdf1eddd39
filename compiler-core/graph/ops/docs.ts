/** Operands, results and attributes of every operator in a few words each: docs/ops.md and the inspector's details show the same rows. */
import type { DocRow, OpDoc } from "../../protocol/panel.ts";
import { opNames, opOf, type OpName } from "./index.ts";
import type { AttrSpec, Op } from "./op.ts";

interface Parts {
  readonly operands: readonly DocRow[];
  readonly results?: readonly DocRow[];
}

const x: DocRow = ["x", "the tensor"];
const y: readonly DocRow[] = [["y", "the result"]];
const one: Parts = { operands: [x] };
const two: Parts = {
  operands: [
    ["a", "left operand"],
    ["b", "right operand; the two broadcast"],
  ],
};
const axes: DocRow = ["axes", "which axes; must be known at compile time"];
const reduction: Parts = { operands: [x, axes] };
const image: DocRow = ["x", "[batch, channels, spatial axes ...]"];
const lastImage: DocRow = ["x", "[batch, rows, columns, channels]"];
const windowed: Parts = { operands: [image] };
const scaled: readonly DocRow[] = [
  ["scale", "factor per element of the normalised axes, or channel"],
  ["bias", "summand, likewise"],
];
const shape: DocRow = ["shape", "extents; must be known at compile time"];
const indices: DocRow = ["indices", "positions; negative ones count from the end"];
const updates: DocRow = ["updates", "what is written"];
const scale: DocRow = ["scale", "size of one step: one number, one per element of the axis, or one per block"];
const zeroPoint: DocRow = ["zero point", "the integer that stands for 0; absent: 0"];

/** Operators that are not elementwise with one or two operands. */
const parts: Partial<Record<OpName, Parts>> = {
  where: {
    operands: [
      ["condition", "truth values"],
      ["a", "where it is true"],
      ["b", "where it is false"],
    ],
  },
  prelu: {
    operands: [x, ["slope", "factor of negative elements; broadcasts to x"]],
  },
  gemm: {
    operands: [
      ["a", "matrix M x K"],
      ["b", "matrix K x N"],
      ["c", "summand that broadcasts to M x N; may be absent"],
    ],
  },
  matmul: {
    operands: [
      ["a", "[..., M, K]; a vector is a row"],
      ["b", "[..., K, N]; a vector is a column"],
    ],
    results: [["y", "[..., M, N]"]],
  },
  "matmul-integer": {
    operands: [
      ["a", "integers of 8 bits, [..., M, K]"],
      ["b", "integers of 8 bits, [..., K, N]"],
      ["zero point of a", "one number, or one per row"],
      ["zero point of b", "one number, or one per column"],
    ],
    results: [["y", "exact sums in i32"]],
  },
  "matmul-packed": {
    operands: [
      ["a", "integers of 8 bits"],
      ["panels", "the weight as pack-integer lays it out"],
      ["sums", "sums of the weight's columns, for zero points"],
      ["zero point of a", "one number"],
      ["zero points of b", "one per column"],
      ["start values", "what the zero point of a adds to each column, where it is constant"],
    ],
  },
  "matmul-blocks": {
    operands: [
      ["a", "[..., K]"],
      ["weight", "4 bits each, K x N or N x K"],
      ["scales", "one for every column and block of K"],
      ["zero points", "likewise, of the weight's type"],
    ],
  },
  "pack-blocks": {
    operands: [
      ["weight", "4 bits each, K x N or N x K"],
      ["scales", "one for every column and block of K"],
      ["zero points", "likewise, of the weight's type"],
    ],
    results: [
      ["panels", "eight steps of a column in each lane"],
      ["scales", "f32, one for each column and 32 steps"],
      ["zero points", "likewise, 0 to 15"],
    ],
  },
  "matmul-i4": {
    operands: [
      ["a", "[..., K]"],
      ["panels", "the weight as pack-blocks lays it out"],
      ["scales", "of its blocks"],
      ["zero points", "of its blocks; absent: 8"],
    ],
  },
  "pack-bf16": {
    operands: [["b", "matrix K x N, bf16 or f32"]],
    results: [["panels", "bf16, columns in panels, two rows interleaved"]],
  },
  "matmul-bf16": {
    operands: [
      ["a", "bf16"],
      ["panels", "the right operand as pack-bf16 lays it out"],
    ],
  },
  "start-values": {
    operands: [
      ["sums", "sums of the weight's columns"],
      ["zero points of b", "one per column, or one number"],
    ],
  },
  requantize: {
    operands: [
      ["sums", "exact sums of a product, or the f32 value to be quantised"],
      ["scale", "factor, per column or for all: the operands' scales by the result's"],
      ["bias", "summand in steps of the result; may be absent"],
    ],
  },
  "add-bytes": {
    operands: [
      ["x", "summand"],
      ["bytes", "the other summand as it was quantised"],
      ["scale", "step of the bytes"],
    ],
  },
  "pack-integer": {
    operands: [["w", "weight K x N of 8-bit integers"]],
    results: [
      ["panels", "columns in panels, four rows interleaved"],
      ["sums", "sum of each column"],
    ],
  },
  einsum: { operands: [["operands", "one tensor for each term of the equation"]] },
  conv: {
    operands: [image, ["w", "kernel [outputs, channels / group, taps ...]"], ["bias", "one number per output channel; may be absent"]],
  },
  "conv-gemm": {
    operands: [image, ["w", "kernel as a matrix [outputs, channels x taps]"], ["bias", "one number per output channel; may be absent"]],
  },
  "conv-last": {
    operands: [
      lastImage,
      ["w", "kernel as a matrix [taps x channels, outputs], or its panels"],
      ["start", "one number per output channel; may be absent"],
    ],
  },
  "depthwise-last": {
    operands: [lastImage, ["w", "kernels [taps, channels]"], ["start", "one number per channel; may be absent"]],
  },
  "winograd-last": {
    operands: [
      lastImage,
      ["u", "transformed kernel as a matrix [16 x channels, outputs]"],
      ["start", "one number per output channel; may be absent"],
    ],
  },
  "max-pool-last": { operands: [lastImage] },
  "conv-transpose": {
    operands: [image, ["w", "kernel [channels, outputs / group, taps ...]"], ["bias", "one number per output channel; may be absent"]],
  },
  unfold: { operands: [image] },
  col2im: {
    operands: [
      ["x", "[batch, channels x block, columns]"],
      ["image", "extents of the result"],
      ["block", "extents of a block"],
    ],
  },
  "max-pool": {
    operands: [image],
    results: [
      ["y", "largest elements"],
      ["positions", "where they were, counted through the whole tensor"],
    ],
  },
  "max-unpool": {
    operands: [
      ["x", "elements"],
      ["positions", "where each goes"],
    ],
  },
  "average-pool": windowed,
  "lp-pool": windowed,
  "reduce-sum": reduction,
  "reduce-mean": reduction,
  "reduce-prod": reduction,
  "reduce-max": reduction,
  "reduce-min": reduction,
  "reduce-l2": reduction,
  "reduce-sum-square": reduction,
  "arg-max": one,
  "arg-min": one,
  softmax: one,
  "log-softmax": one,
  hardmax: one,
  "layer-norm": { operands: [x, ...scaled] },
  "rms-norm": { operands: [x, scaled[0] as DocRow] },
  "batch-norm": {
    operands: [image, ...scaled, ["mean", "of each channel"], ["variance", "of each channel"]],
  },
  reshape: { operands: [x, shape] },
  expand: { operands: [x, shape] },
  transpose: one,
  concat: { operands: [["operands", "tensors that agree in all other axes"]] },
  split: { operands: [x, ["sizes", "extents of the parts; must be known at compile time"]], results: [["parts", "in order"]] },
  slice: {
    operands: [
      x,
      ["starts", "first position of each axis"],
      ["ends", "position behind the last"],
      ["axes", "which axes; absent: the first ones"],
      ["steps", "distances; negative: backwards"],
    ],
  },
  pad: {
    operands: [x, ["pads", "elements added before, then behind; negative: cut off"], ["value", "of the new elements"], axes],
  },
  "center-crop-pad": { operands: [x, shape] },
  tile: { operands: [x, ["repeats", "copies along each axis"]] },
  squeeze: { operands: [x, axes] },
  unsqueeze: { operands: [x, axes] },
  flatten: one,
  gather: { operands: [x, indices] },
  "gather-elements": { operands: [x, indices] },
  "gather-nd": { operands: [x, ["indices", "the last axis holds tuples"]] },
  "scatter-elements": { operands: [x, indices, updates] },
  "scatter-nd": { operands: [x, ["indices", "the last axis holds tuples"], updates] },
  "tensor-scatter": {
    operands: [["cache", "what was there"], updates, ["positions", "where each batch goes on; absent: 0"]],
  },
  "depth-to-space": windowed,
  "space-to-depth": windowed,
  "one-hot": {
    operands: [indices, ["values", "off and on"], ["depth", "extent of the new axis; must be known at compile time"]],
  },
  trilu: { operands: [x, ["k", "the diagonal it begins at"]] },
  "eye-like": one,
  "reverse-sequence": { operands: [x, ["lengths", "elements to reverse, one number per batch"]] },
  "cum-sum": { operands: [x, ["axis", "must be known at compile time"]] },
  "cum-prod": { operands: [x, ["axis", "must be known at compile time"]] },
  "tree-leaves": {
    operands: [
      ["x", "rows of features"],
      ["feature", "which feature each node tests; the nodes of all trees in one list, leaves first"],
      ["threshold", "what it is held against"],
      ["yes", "the node after a test that is passed; a leaf leads to itself"],
      ["no", "the node after one that is not"],
      ["mode", "the number of the test"],
      ["roots", "the first node of each tree"],
    ],
    results: [["leaves", "[rows, trees], i64"]],
  },
  "top-k": {
    operands: [x, ["k", "how many; must be known at compile time"]],
    results: [
      ["values", "in order"],
      ["positions", "along the axis, i64"],
    ],
  },
  compress: { operands: [x, ["condition", "truth values; must be known at compile time"]] },
  "non-zero": { operands: [x], results: [["positions", "[rank, count], i64"]] },
  unique: {
    operands: [x],
    results: [
      ["values", "the distinct ones"],
      ["first", "where each is first"],
      ["inverse", "which of them each element equals"],
      ["counts", "how often each occurs"],
    ],
  },
  resize: {
    operands: [x, ["roi", "region, for cropping"], ["scales", "factors of the axes"], ["sizes", "extents of the result"]],
  },
  resample: { operands: [x, ["positions", "taps x extent"], ["weights", "taps x extent"]] },
  window: { operands: [["size", "number of elements"]] },
  "mel-weights": {
    operands: [
      ["bins", "number of filters"],
      ["length", "of the Fourier transform"],
      ["rate", "samples per second"],
      ["low", "lowest frequency, Hz"],
      ["high", "highest frequency, Hz"],
    ],
  },
  dft: { operands: [x, ["length", "of the transform"], ["axis", "along which"]] },
  stft: {
    operands: [
      ["signal", "[batch, length, 1 or 2]"],
      ["step", "samples between two frames"],
      ["window", "factors of a frame"],
      ["length", "samples of a frame"],
    ],
  },
  "grid-sample": { operands: [image, ["grid", "positions, one coordinate per spatial axis"]] },
  "affine-grid": {
    operands: [
      ["theta", "one matrix per image"],
      ["size", "batch, channels, extents"],
    ],
  },
  reorder: one,
  shape: { operands: [x], results: [["extents", "i64"]] },
  size: { operands: [x], results: [["count", "i64"]] },
  "constant-of-shape": { operands: [shape] },
  range: {
    operands: [
      ["start", "first element"],
      ["limit", "first that is not there any more"],
      ["delta", "difference of neighbours"],
    ],
  },
  "quantize-linear": { operands: [x, scale, zeroPoint] },
  "dequantize-linear": { operands: [["x", "integers, or floats of 8 bits"], scale, zeroPoint] },
  attention: {
    operands: [
      ["q", "queries"],
      ["k", "keys"],
      ["v", "values"],
      ["mask", "summand of the scores, or truth values; may be absent"],
      ["past k", "keys of earlier steps"],
      ["past v", "values of earlier steps"],
      ["length", "valid keys of each batch"],
    ],
    results: [
      ["y", "[batch, heads, queries, head size]"],
      ["present k", "all keys"],
      ["present v", "all values"],
      ["scores", "as the attribute says"],
    ],
  },
  "rotary-embedding": {
    operands: [x, ["cos", "table"], ["sin", "table"], ["positions", "rows of the tables; absent: there is a row for each"]],
  },
  recurrent: {
    operands: [
      ["x", "projected inputs, [step, batch, direction x gate x unit]"],
      ["r", "weights of the recurrence"],
      ["bias", "of the recurrence"],
      ["lengths", "steps of each batch"],
      ["h", "initial hidden state"],
      ["c", "initial cell, of an LSTM"],
      ["p", "peephole weights, of an LSTM"],
    ],
    results: [
      ["y", "outputs of all steps"],
      ["h", "last hidden state"],
      ["c", "last cell, of an LSTM"],
    ],
  },
  opaque: { operands: [["operands", "those of the ONNX node"]], results: [["results", "those of the ONNX node"]] },
};

/** Attributes whose rows say nothing more. */
const attributeWords: Readonly<Record<string, string>> = {
  alpha: "factor or bound of the formula",
  beta: "factor or summand of the formula",
  gamma: "factor of the formula",
  bias: "how far elements are drawn towards 0",
  lambd: "bound below which elements become 0",
  min: "lower bound",
  max: "upper bound",
  axis: "along which axis; negative: from the end",
  axes: "which axes",
  keepdims: "reduced axes stay, with extent 1",
  to: "element type of the result",
  dtype: "element type of the result",
  epsilon: "keeps the divisor from 0",
  group: "independent groups of channels",
  kernel: "extents of the window",
  p: "which norm",
  equation: "terms with a letter per axis, as in ij,jk->ik",
  perm: "axis of x for each axis of the result",
  sizes: "extents",
  starts: "first position of each axis",
  ends: "position behind the last",
  steps: "distances",
  shape: "extents",
  repeats: "copies along each axis",
  depth: "extent of the new axis",
  upper: "the upper triangle; else the lower one",
  k: "how many, or which diagonal",
  batchDims: "leading axes that x and the indices share",
  batchAxis: "axis of the batch",
  timeAxis: "axis of the sequence",
  block: "extent of a block",
  order: "depth first, or column and row first",
  largest: "the largest elements; else the smallest",
  condition: "which positions stay",
  sorted: "in ascending order; else as they come",
  mode: "how values between elements are found",
  coordinates: "how positions of the result map to positions of x",
  nearest: "rounding of positions",
  scales: "factors of the axes",
  circular: "beyond the end, at the start",
  cubicA: "parameter of cubic interpolation",
  excludeOutside: "elements outside have no weight",
  antialias: "smooth before making smaller",
  outsideValue: "of positions outside",
  padding: "what lies outside",
  alignCorners: "-1 and 1 are the middles of corner elements, not their outer edges",
  fmod: "the sign of the dividend",
  negative: "minus infinity counts",
  positive: "plus infinity counts",
  allowZero: "an extent of 0 means 0",
  start: "first",
  end: "behind the last",
  value: "of all elements",
  length: "number of samples",
  step: "samples between frames",
  inverse: "the transform back",
  oneSided: "only the half that is not redundant",
  bins: "number of filters",
  rate: "samples per second",
  low: "lowest frequency, Hz",
  high: "highest frequency, Hz",
  size: "number of elements",
  alphas: "parameters of activation functions",
  betas: "parameters of activation functions",
  domain: "of the ONNX operator",
  opType: "the ONNX operator",
  reason: "why it is not compiled",
};

function attributeText(name: string, { what, default: value, optional }: AttrSpec): string {
  const words = what ?? attributeWords[name] ?? "see the operator";
  if (value === undefined) return optional === true && !/absent/.test(words) ? `${words}; may be absent` : words;
  return `${words}; default ${Array.isArray(value) && value.length === 0 ? "none" : String(value)}`;
}

function docOf(name: OpName): OpDoc {
  const op: Op = opOf(name);
  const known = parts[name] ?? (op.arity[1] === 1 ? one : two);
  return {
    what: op.what,
    operands: known.operands,
    results: known.results ?? y,
    attributes: Object.entries(op.attrs).map(([attr, spec]) => [attr, attributeText(attr, spec)]),
  };
}

/** By operator, in the order of the registry. */
export const opDocs: Readonly<Record<OpName, OpDoc>> = Object.fromEntries(opNames.map((name) => [name, docOf(name)])) as Record<
  OpName,
  OpDoc
>;

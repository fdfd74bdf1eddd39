/** The registry of graph operators. `OpName` is derived from it: a table over operators that forgets one does not compile. */
import * as activation from "./activations.ts";
import { argMax, argMin } from "./arg-extreme.ts";
import { attention, rotaryEmbedding } from "./attention.ts";
import { depthToSpace, spaceToDepth } from "./blocks.ts";
import { cumProd, cumSum } from "./cumulative.ts";
import { compress, nonZero, unique } from "./data-dependent.ts";
import { einsum } from "./einsum.ts";
import * as nary from "./elementwise-nary.ts";
import * as unary from "./elementwise-unary.ts";
import { conv } from "./conv.ts";
import { col2im, convTranspose } from "./conv-transpose.ts";
import { convGemm } from "./conv-gemm.ts";
import { convLast, depthwiseLast, maxPoolLast, winogradLast } from "./conv-last.ts";
import { gatherElements, gatherNd } from "./gather.ts";
import { affineGrid, gridSample } from "./grid-sample.ts";
import { gemm, matmul } from "./matmul.ts";
import { matmulInteger } from "./matmul-integer.ts";
import { matmulPacked, packInteger, startValues } from "./matmul-packed.ts";
import { matmulBF16, packBF16 } from "./matmul-bf16.ts";
import { matmulBlocks, matmulI4, packBlocks } from "./matmul-blocks.ts";
import { requantize } from "./requantize.ts";
import { addBytes } from "./add-bytes.ts";
import { concat, gather, split, transpose } from "./movement.ts";
import { maxUnpool } from "./max-unpool.ts";
import { batchNorm, layerNorm, rmsNorm } from "./normalization.ts";
import type { Op, Trait } from "./op.ts";
import { opaque } from "./opaque.ts";
import { averagePool, lpPool, maxPool } from "./pool.ts";
import { dequantizeLinear, quantizeLinear } from "./quantize.ts";
import * as reduce from "./reduce.ts";
import { recurrent } from "./rnn.ts";
import { reorder } from "./reorder.ts";
import { expand, reshape } from "./reshape.ts";
import { constantOfShape, range, shape, size } from "./shapes.ts";
import { centerCropPad, pad } from "./pad.ts";
import { eyeLike, oneHot, reverseSequence, trilu } from "./positions.ts";
import { resample, resize } from "./resize.ts";
import { dft, melWeights, stft, window } from "./signal.ts";
import { scatterElements, scatterNd, tensorScatter } from "./scatter.ts";
import { slice } from "./slice.ts";
import { flatten, squeeze, unsqueeze } from "./squeeze.ts";
import { treeLeaves } from "./tree-leaves.ts";
import { tile } from "./tile.ts";
import { topK } from "./top-k.ts";
import { hardmax, logSoftmax, softmax } from "./softmax.ts";
import { unfold } from "./unfold.ts";

export const ops = {
  add: nary.add,
  sub: nary.sub,
  mul: nary.mul,
  div: nary.div,
  min: nary.min,
  max: nary.max,
  pow: nary.pow,
  mod: nary.mod,
  and: nary.and,
  or: nary.or,
  xor: nary.xor,
  "bit-and": nary.bitAnd,
  "bit-or": nary.bitOr,
  "bit-xor": nary.bitXor,
  "shift-left": nary.shiftLeft,
  "shift-right": nary.shiftRight,
  equal: nary.equal,
  less: nary.less,
  "less-equal": nary.lessEqual,
  greater: nary.greater,
  "greater-equal": nary.greaterEqual,
  where: nary.where,
  prelu: nary.prelu,
  cast: nary.cast,
  "bit-cast": nary.bitCast,
  identity: nary.identity,
  neg: unary.neg,
  abs: unary.abs,
  sign: unary.sign,
  exp: unary.exp,
  log: unary.log,
  sqrt: unary.sqrt,
  reciprocal: unary.reciprocal,
  tanh: unary.tanh,
  erf: unary.erf,
  sigmoid: unary.sigmoid,
  softplus: unary.softplus,
  softsign: unary.softsign,
  sin: unary.sin,
  cos: unary.cos,
  tan: unary.tan,
  asin: unary.asin,
  acos: unary.acos,
  atan: unary.atan,
  sinh: unary.sinh,
  cosh: unary.cosh,
  asinh: unary.asinh,
  acosh: unary.acosh,
  atanh: unary.atanh,
  floor: unary.floor,
  ceil: unary.ceil,
  round: unary.round,
  relu: unary.relu,
  silu: unary.silu,
  mish: unary.mish,
  "hard-swish": unary.hardSwish,
  not: unary.not,
  "bit-not": unary.bitNot,
  "is-nan": unary.isNan,
  "is-inf": unary.isInf,
  "leaky-relu": activation.leakyRelu,
  elu: activation.elu,
  selu: activation.selu,
  celu: activation.celu,
  "hard-sigmoid": activation.hardSigmoid,
  swish: activation.swish,
  "thresholded-relu": activation.thresholdedRelu,
  shrink: activation.shrink,
  gelu: activation.gelu,
  clip: activation.clip,
  matmul,
  gemm,
  "matmul-integer": matmulInteger,
  "matmul-packed": matmulPacked,
  "pack-integer": packInteger,
  "start-values": startValues,
  requantize,
  "add-bytes": addBytes,
  "pack-bf16": packBF16,
  "matmul-bf16": matmulBF16,
  "matmul-blocks": matmulBlocks,
  "pack-blocks": packBlocks,
  "matmul-i4": matmulI4,
  einsum,
  conv,
  "conv-gemm": convGemm,
  "conv-last": convLast,
  "depthwise-last": depthwiseLast,
  "winograd-last": winogradLast,
  "conv-transpose": convTranspose,
  col2im,
  unfold,
  "max-pool": maxPool,
  "max-pool-last": maxPoolLast,
  "max-unpool": maxUnpool,
  "average-pool": averagePool,
  "lp-pool": lpPool,
  "reduce-sum": reduce.reduceSum,
  "reduce-mean": reduce.reduceMean,
  "reduce-prod": reduce.reduceProd,
  "reduce-max": reduce.reduceMax,
  "reduce-min": reduce.reduceMin,
  "reduce-l2": reduce.reduceL2,
  "reduce-sum-square": reduce.reduceSumSquare,
  "arg-max": argMax,
  "arg-min": argMin,
  softmax,
  "log-softmax": logSoftmax,
  hardmax,
  "layer-norm": layerNorm,
  "rms-norm": rmsNorm,
  "batch-norm": batchNorm,
  reshape,
  expand,
  transpose,
  concat,
  split,
  slice,
  pad,
  "center-crop-pad": centerCropPad,
  tile,
  squeeze,
  unsqueeze,
  flatten,
  gather,
  "gather-elements": gatherElements,
  "gather-nd": gatherNd,
  "scatter-elements": scatterElements,
  "scatter-nd": scatterNd,
  "tensor-scatter": tensorScatter,
  "depth-to-space": depthToSpace,
  "space-to-depth": spaceToDepth,
  "one-hot": oneHot,
  trilu,
  "eye-like": eyeLike,
  "reverse-sequence": reverseSequence,
  "cum-sum": cumSum,
  "cum-prod": cumProd,
  "tree-leaves": treeLeaves,
  "top-k": topK,
  compress,
  "non-zero": nonZero,
  unique,
  resize,
  resample,
  window,
  "mel-weights": melWeights,
  dft,
  stft,
  "grid-sample": gridSample,
  "affine-grid": affineGrid,
  reorder,
  shape,
  size,
  "constant-of-shape": constantOfShape,
  range,
  "quantize-linear": quantizeLinear,
  "dequantize-linear": dequantizeLinear,
  attention,
  "rotary-embedding": rotaryEmbedding,
  recurrent,
  opaque,
} as const satisfies Record<string, Op>;

export type OpName = keyof typeof ops;

export const opNames = Object.keys(ops) as OpName[];
export const isOpName = (name: string): name is OpName => Object.hasOwn(ops, name);
export const opOf = (name: OpName): Op => ops[name];
export const hasTrait = (name: OpName, trait: Trait): boolean => opOf(name).traits.includes(trait);

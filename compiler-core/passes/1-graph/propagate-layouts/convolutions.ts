/** Convolutions with channels last: one tap is a product of matrices, several are windows over rows that lie together, one channel each is depthwise. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Attrs, Node, ValueId } from "../../../graph/ir.ts";
import { fromValues, type NdArray } from "../../../graph/ndarray.ts";
import { byteShift, segmentsOf, tapGroups } from "../../../graph/ops/conv-last.ts";
import { intAttr } from "../../../graph/ops/op.ts";
import type { PatchBuilder } from "../../../graph/patch.ts";
import { windowOf, type WindowAxis } from "../../../graph/window.ts";
import { narrowed, widened, type Bytes } from "../decompose/conv-integer.ts";
import { imageShape, product, type Costs, type Form } from "./form.ts";

/** A convolution whose sizes are known. */
interface Sizes {
  readonly batch: number;
  readonly channels: number;
  readonly outputs: number;
  readonly axes: readonly [WindowAxis, WindowAxis];
  /** All products of one element. */
  readonly depth: number;
  readonly depthwise: boolean;
  /** One tap for each position: a product of matrices. */
  readonly plain: boolean;
}

function sizesOf(node: Node, e: GraphEditor): Sizes | undefined {
  const [x, w] = [imageShape(e, node.inputs[0]), imageShape(e, node.inputs[1])];
  const out = imageShape(e, node.outputs[0]);
  if (x === undefined || w === undefined || out === undefined) return undefined;
  const groups = intAttr(node.attrs, "group");
  const [batch, channels] = x;
  const outputs = w[0];
  const depthwise = groups > 1 && groups === channels && outputs === channels;
  if (groups !== 1 && !depthwise) return undefined;
  const axes = windowOf(node.attrs, x.slice(2), w.slice(2)) as readonly [WindowAxis, WindowAxis];
  if (depthwise && axes.some((a) => a.kernel > mostDepthwiseTaps)) return undefined;
  const plain = !depthwise && axes.every((a) => a.kernel === 1 && a.stride === 1 && a.begin === 0 && a.end === 0);
  return { batch, channels, outputs, axes, depth: product(w.slice(1)), depthwise, plain };
}

/** Depthwise kernels are written out tap by tap. */
const mostDepthwiseTaps = 7;

/** Lanes of the vectors that costs are told for. */
const lanes = 16;
/** Bytes that a core moves in the time of one vector of products. */
const bytesPerVector = 32;
const wasted = (extent: number): number => Math.ceil(extent / lanes) - extent / lanes;

function costsOf(s: Sizes, bytes: 1 | 4): Costs {
  const image = bytes * s.batch * s.channels * s.axes[0].input * s.axes[1].input;
  const positions = s.axes[0].output * s.axes[1].output;
  const pace = bytesPerVector * (bytes / 4);
  if (s.depthwise) {
    const rows = s.batch * s.outputs * s.axes[0].output * s.depth;
    return {
      // A padded copy of each plane; integers are widened in it.
      first: (bytes === 1 ? 16 : 2) * image + rows * wasted(s.axes[1].output) * bytesPerVector,
      last: s.batch * positions * s.depth * wasted(s.outputs) * pace,
    };
  }
  const unfolded = bytes * s.batch * positions * s.depth;
  return {
    // Windows are unfolded into panels; bytes are unfolded first, and interleaved then.
    first: (bytes === 1 && !s.plain ? 4 : 2) * unfolded + s.batch * s.outputs * s.depth * wasted(positions) * pace,
    last: (s.plain ? 0 : 2 * image) + s.batch * positions * s.depth * wasted(s.outputs) * pace,
  };
}

const windowAttributes = (s: Sizes): Attrs => ({
  kernel: s.axes.map((a) => a.kernel),
  strides: s.axes.map((a) => a.stride),
  dilations: s.axes.map((a) => a.dilation),
  pads: [...s.axes.map((a) => a.begin), ...s.axes.map((a) => a.end)],
});

const reshape = (p: PatchBuilder, v: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [v], { shape, allowZero: true });
/** Rows of channels as an image. */
const asImage = (p: PatchBuilder, s: Sizes, rows: ValueId): ValueId =>
  reshape(p, rows, [s.batch, s.axes[0].output, s.axes[1].output, s.outputs]);
const asRows = (p: PatchBuilder, s: Sizes, image: ValueId): ValueId =>
  reshape(p, image, [s.batch * s.axes[0].input * s.axes[1].input, s.channels]);

/** The form of a convolution of 32-bit floats. */
function floatForm(node: Node, s: Sizes): Form {
  const [x, w, bias] = node.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const write = (p: PatchBuilder, last: (v: ValueId) => ValueId): ValueId => {
    if (s.plain) {
      const sums = p.add("matmul", [asRows(p, s, last(x)), reshape(p, w, [s.outputs, s.channels])], { transB: true });
      return asImage(p, s, bias == null ? sums : p.add("add", [sums, bias]));
    }
    const taps = p.add("transpose", [w], { perm: [2, 3, 1, 0] });
    const matrix = reshape(p, taps, [s.depth, s.outputs]);
    const operands = bias == null ? [last(x), matrix] : [last(x), matrix, bias];
    const attrs = s.depthwise ? windowAttributes(s) : { ...windowAttributes(s), outputs: s.outputs };
    return asImage(p, s, p.add(s.depthwise ? "depthwise-last" : "conv-last", operands, attrs));
  };
  return { images: [x], costs: costsOf(s, 4), decides: true, write };
}

/** A kernel of bytes as [outputs, channels per group, taps ...], and how it is read. */
type Weight = (output: number, channel: number, ky: number, kx: number) => number;

/** What the zero point, and the shift of signed bytes, add to the sums of each output, and the bias. */
function startValues(s: Sizes, weight: Weight, image: Bytes, bias: readonly number[] | undefined): number[] {
  const [y, x] = s.axes;
  const perOutput = s.depthwise ? 1 : s.channels;
  return Array.from({ length: s.outputs }, (_, j) => {
    let sum = 0;
    for (let c = 0; c < perOutput; c++)
      for (let ky = 0; ky < y.kernel; ky++) for (let kx = 0; kx < x.kernel; kx++) sum += weight(j, c, ky, kx);
    return (bias?.[j] ?? 0) - (image.zero + byteShift(image.dtype)) * sum;
  });
}

/** The kernel as conv-last has it: [segments x padded length, outputs]. */
function byteMatrix(s: Sizes, weight: Weight): { readonly shape: readonly number[]; readonly values: Int8Array } {
  const [y, x] = s.axes;
  const segments = segmentsOf([y.kernel, x.kernel], [y.dilation, x.dilation], s.channels, true);
  const rows = segments.count * segments.padded;
  const values = new Int8Array(rows * s.outputs);
  for (let ky = 0; ky < y.kernel; ky++)
    for (let kx = 0; kx < x.kernel; kx++) {
      const from = segments.count === y.kernel ? ky * segments.padded + kx * s.channels : (ky * x.kernel + kx) * segments.padded;
      for (let c = 0; c < s.channels; c++) for (let j = 0; j < s.outputs; j++) values[(from + c) * s.outputs + j] = weight(j, c, ky, kx);
    }
  return { shape: [rows, s.outputs], values };
}

/** The kernel of one tap as [channels, outputs]. */
function plainMatrix(s: Sizes, weight: Weight, dtype: "u8" | "i8"): NdArray {
  const data = new (dtype === "i8" ? Int8Array : Uint8Array)(s.channels * s.outputs);
  for (let c = 0; c < s.channels; c++) for (let j = 0; j < s.outputs; j++) data[c * s.outputs + j] = weight(j, c, 0, 0);
  return { dtype, shape: [s.channels, s.outputs], data };
}

/** The kernels as depthwise-last has them: four taps of a channel together. */
function byteTaps(s: Sizes, weight: Weight): { readonly shape: readonly number[]; readonly values: Int8Array } {
  const [y, x] = s.axes;
  const groups = tapGroups(x.kernel);
  const values = new Int8Array(y.kernel * groups * s.channels * 4);
  for (let ky = 0; ky < y.kernel; ky++)
    for (let kx = 0; kx < x.kernel; kx++)
      for (let c = 0; c < s.channels; c++)
        values[((ky * groups + Math.floor(kx / 4)) * s.channels + c) * 4 + (kx % 4)] = weight(c, 0, ky, kx);
  return { shape: [y.kernel * groups, s.channels, 4], values };
}

/** The form of a convolution of bytes, widened as they are; undefined: the kernel is not constant, or no byte. */
function byteForm(node: Node, e: GraphEditor, s: Sizes): Form | undefined {
  const [x, w, biasId] = node.inputs as readonly [ValueId, ValueId, ValueId | null | undefined];
  const image = widened(e, x);
  const kernel = image === undefined ? undefined : narrowed(e, w);
  const bias = biasId == null ? undefined : e.constant(biasId);
  if (image === undefined || kernel === undefined || (biasId != null && bias === undefined)) return undefined;
  // Only products of matrices take unsigned weights; `fold-convolutions` makes the others signed.
  if (kernel.dtype !== "i8" && !s.plain) return undefined;
  const [yk, xk] = s.axes.map((a) => a.kernel) as [number, number];
  const perOutput = s.depthwise ? 1 : s.channels;
  const weight: Weight = (j, c, ky, kx) => kernel.values[((j * perOutput + c) * yk + ky) * xk + kx] ?? 0;
  const write = (p: PatchBuilder, last: (v: ValueId) => ValueId): ValueId => {
    if (s.plain) {
      const matrix = p.constant("", plainMatrix(s, weight, kernel.dtype));
      const zero = ({ zero: z, dtype }: Pick<Bytes, "zero" | "dtype">): ValueId | null =>
        z === 0 ? null : p.constant("", fromValues(dtype, [], [z]));
      const sums = p.add("matmul-integer", [asRows(p, s, last(image.value)), matrix, zero(image), zero(kernel)]);
      return asImage(p, s, biasId == null ? sums : p.add("add", [sums, biasId]));
    }
    const { shape, values } = s.depthwise ? byteTaps(s, weight) : byteMatrix(s, weight);
    const taps = p.constant("", { dtype: "i8", shape, data: values });
    const sums = startValues(s, weight, image, bias && Array.from(bias.data as ArrayLike<number>, Number));
    const start = p.constant("", fromValues("i32", [s.outputs], sums));
    const attrs = { ...windowAttributes(s), fill: image.zero, ...(s.depthwise ? {} : { outputs: s.outputs }) };
    return asImage(p, s, p.add(s.depthwise ? "depthwise-last" : "conv-last", [last(image.value), taps, start], attrs));
  };
  return { images: [image.value], costs: costsOf(s, 1), decides: true, write };
}

export function convolutionForm(node: Node, e: GraphEditor): Form | undefined {
  const sizes = sizesOf(node, e);
  const dtype = e.value(node.outputs[0]!).dtype;
  if (sizes === undefined) return undefined;
  if (dtype === "f32") return floatForm(node, sizes);
  return dtype === "i32" ? byteForm(node, e, sizes) : undefined;
}

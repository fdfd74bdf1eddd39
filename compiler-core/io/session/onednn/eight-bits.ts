/** Numbers of 8 bits as operands of oneDNN's primitives: weights from before they were folded, scales and zero points as attributes. */
import type { ValueId } from "../../../graph/ir.ts";
import { fromValues, toNumbers, type NdArray } from "../../../graph/ndarray.ts";
import type { OnednnPostOp, OnednnStep, OnednnView } from "../../../protocol/onednn.ts";
import { isLinear, isRelu, linear } from "./algorithms.ts";
import { dequantise, type PlanWriter, type Quantised } from "./plan-writer.ts";
import type { Chain } from "./post-ops.ts";

/** Weights may be folded to f32 in the graph: their 8-bit origin, signed around 0, with one scale or one per element of `axis` (from the end if negative). */
export function foldedWeights(w: PlanWriter, v: ValueId, axis: number): Quantised | undefined {
  const from = w.producerOf(v);
  if (from?.op !== "dequantize-linear" || from.attrs["block"] !== undefined) return undefined;
  const [x, scale, zero] = from.inputs.map((i) => (i === null ? undefined : w.constant(i)));
  const rank = x?.shape.length ?? 0;
  const within = (a: number): number => (a < 0 ? a + rank : a);
  const fits = scale?.data.length === 1 || within(Number(from.attrs["axis"])) === within(axis);
  const zeros = zero === undefined ? [0] : toNumbers(zero);
  const [z = 0] = zeros;
  if (x === undefined || scale === undefined || !fits || zeros.some((o) => o !== z)) return undefined;
  const signed = toNumbers(x).map((q) => q - z);
  if (signed.some((q) => q < -128 || q > 127)) return undefined;
  const constant = fromValues("i8", x.shape, signed);
  return { view: w.data(constant), scales: toNumbers(scale), zero: 0, constant };
}

export interface IntegerAttributes {
  readonly scales: readonly number[];
  readonly scaleMask: number;
  readonly sourceZero: number;
  readonly post: readonly OnednnPostOp[];
  /** In units of the sums, because the library adds it before the scales. */
  readonly bias?: NdArray;
}

/**
 * Scales, zero point and bias of a primitive on numbers of 8 bits, `axis` being that of the columns or channels in its result. A result that is
 * quantised needs no factor of its own when only a relu lies between: it joins the scales.
 */
export function integerAttributes(
  source: Quantised | undefined,
  weights: Quantised | undefined,
  chain: Pick<Chain, "scale" | "destination">,
  post: readonly OnednnPostOp[],
  bias: NdArray | undefined,
  axis: number,
): IntegerAttributes {
  const a = source?.scales[0] ?? 1;
  const both = (weights?.scales ?? [1]).map((b) => a * b);
  const last = post.at(-1);
  const folds = chain.destination.dtype !== "f32" && last !== undefined && isLinear(last) && post.slice(0, -1).every(isRelu);
  const outer = chain.scale * (folds ? (last.alpha ?? 1) : 1);
  const shift = folds && (last.beta ?? 0) !== 0 ? [linear(1, last.beta ?? 0)] : [];
  const inSums = (values: NdArray): NdArray =>
    fromValues(
      "f32",
      values.shape,
      toNumbers(values).map((v, i) => v / ((both.length === 1 ? both[0] : both[i]) ?? 1)),
    );
  return {
    scales: both.map((s) => s * outer),
    scaleMask: both.length === 1 ? 0 : 2 ** axis,
    sourceZero: source?.zero ?? 0,
    post: folds ? [...post.slice(0, -1), ...shift] : post,
    ...(bias === undefined ? {} : { bias: inSums(bias) }),
  };
}

/** An operand as f32: constants now, others by a step that is added to `before`. `inner`: elements of `view` that share a scale, one after the other. */
export function asFloat(
  w: PlanWriter,
  view: OnednnView,
  quantised: Quantised | undefined,
  inner: number,
  before: OnednnStep[],
): OnednnView {
  if (quantised === undefined) return view;
  const { constant, scales } = quantised;
  if (constant === undefined) {
    const to = w.fresh("f32", view.dims);
    before.push(dequantise({ ...quantised, view }, to));
    return to;
  }
  const values = Float32Array.from(constant.data as ArrayLike<number>, (q, i) =>
    Math.fround(q * (scales[Math.floor(i / inner) % scales.length] ?? 1)),
  );
  return { ...view, dtype: "f32", buffer: w.data({ dtype: "f32", shape: constant.shape, data: values }).buffer };
}

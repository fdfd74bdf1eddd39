/** Convolutions and pools. */
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues, toNumbers, type NdArray } from "../../../graph/ndarray.ts";
import { windowOf } from "../../../graph/window.ts";
import type { OnednnStep, OnednnView } from "../../../protocol/onednn.ts";
import { asFloat, foldedWeights, integerAttributes } from "./eight-bits.ts";
import { denseStrides, refuse, type PlanWriter, type Quantised } from "./plan-writer.ts";
import { followChain } from "./post-ops.ts";

interface Windows {
  readonly strides: readonly number[];
  readonly dilates: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** oneDNN counts the elements that a dilation leaves out, and needs the padding at the end that the result's extent implies. */
function windows(node: Node, input: readonly number[], output: readonly number[], kernel: readonly number[], ceil = false): Windows {
  const axes = windowOf(node.attrs, input, kernel, ceil);
  const low = axes.map((a) => a.begin);
  const strides = axes.map((a) => a.stride);
  const dilations = axes.map((a) => a.dilation);
  const high = kernel.map((k, i) => {
    const covered = ((output[i] ?? 1) - 1) * (strides[i] ?? 1) + (k - 1) * (dilations[i] ?? 1) + 1;
    return covered - (input[i] ?? 1) - (low[i] ?? 0);
  });
  return { strides, dilates: dilations.map((d) => d - 1), low, high };
}

export function mapConvolution(w: PlanWriter, node: Node): void {
  const [x, k, b] = node.inputs;
  const out = node.outputs[0];
  if (x === null || x === undefined || k === null || k === undefined || out === undefined) return refuse("an operand is missing");
  const kernel = w.constant(k) ?? refuse("a kernel that is not constant");
  if (kernel.dtype !== "f32") refuse(`a convolution of ${kernel.dtype}`);
  const given = b === null || b === undefined ? undefined : (w.constant(b) ?? refuse("a bias that is not constant"));
  const norm = w.soleUse(out);
  const folded = norm?.op === "batch-norm" ? foldNorm(w, norm, kernel, given) : undefined;
  if (folded !== undefined && norm !== undefined) w.done.add(norm.id);
  const from = folded === undefined ? out : (norm?.outputs[0] ?? out);
  const shape = w.shape(out);
  const quantised = folded === undefined ? bytesOf(w, x, k) : undefined;
  const source = quantised?.source.view ?? w.place(x);
  const chain = followChain(w, { value: from, dims: shape, scales: false });
  const values = folded?.kernel ?? kernel;
  const bias = folded?.bias ?? given;
  const groups = Number(node.attrs["group"] ?? 1);
  const common = {
    kind: "convolution" as const,
    what: node.name === "" ? "conv" : node.name,
    destination: chain.destination,
    ...windows(node, w.shape(x).slice(2), shape.slice(2), values.shape.slice(2)),
  };
  const inFloats = {
    ...common,
    weights: grouped(w.data(values), groups),
    ...(bias === undefined ? {} : { bias: w.data(bias) }),
    post: chain.post,
  };
  if (quantised === undefined) return void w.steps.push({ ...inFloats, source });
  const before: OnednnStep[] = [];
  const widened = asFloat(w, source, quantised.source, 1, before);
  const { bias: summand, ...attributes } = integerAttributes(quantised.source, quantised.weights, chain, chain.post, bias, 1);
  w.steps.push({
    ...common,
    source,
    weights: grouped(quantised.weights.view, groups),
    ...(summand === undefined ? {} : { bias: w.data(summand) }),
    ...attributes,
    otherwise: [...before, { ...inFloats, source: widened }],
  });
}

/** Image and kernel as numbers of 8 bits, where both are: a scale per channel of the result. */
function bytesOf(w: PlanWriter, x: ValueId, k: ValueId): { readonly source: Quantised; readonly weights: Quantised } | undefined {
  const source = w.places.has(x) ? undefined : w.quantised.get(x);
  const weights = source === undefined || source.scales.length !== 1 ? undefined : foldedWeights(w, k, 0);
  return source === undefined || weights === undefined ? undefined : { source, weights };
}

function grouped(view: OnednnView, groups: number): OnednnView {
  if (groups === 1) return view;
  const [outputs = 1, ...rest] = view.dims;
  const dims = [groups, outputs / groups, ...rest];
  return { ...view, dims, strides: denseStrides(dims) };
}

/** A normalisation with known statistics is part of the weights. */
function foldNorm(w: PlanWriter, norm: Node, kernel: NdArray, bias: NdArray | undefined) {
  const [, scale, shift, mean, variance] = norm.inputs.map((v) => (v === null ? undefined : w.constant(v)));
  if (scale === undefined || shift === undefined || mean === undefined || variance === undefined) return undefined;
  const epsilon = Number(norm.attrs["epsilon"] ?? 1e-5);
  const factors = toNumbers(scale).map((s, i) => s / Math.sqrt(Number(variance.data[i]) + epsilon));
  const per = kernel.data.length / factors.length;
  return {
    kernel: fromValues(
      "f32",
      kernel.shape,
      toNumbers(kernel).map((v, i) => v * (factors[Math.floor(i / per)] ?? 1)),
    ),
    bias: fromValues(
      "f32",
      [factors.length],
      factors.map((f, i) => (Number(bias?.data[i] ?? 0) - Number(mean.data[i])) * f + Number(shift.data[i])),
    ),
  };
}

const poolAlgorithms = { max: 0x1ff, averageWithPadding: 0x2ff, average: 0x3ff };

export function mapPool(w: PlanWriter, node: Node): void {
  const [x] = node.inputs;
  const [out, positions] = node.outputs;
  if (x === null || x === undefined || out === undefined) return refuse("an operand is missing");
  if (positions !== undefined && w.usesOf(positions).length > 0) refuse("positions of a pool");
  const kernel = node.attrs["kernel"] as readonly number[];
  const destination = w.fresh(w.dtype(out), w.shape(out));
  w.places.set(out, destination);
  const average = node.attrs["includePad"] === true ? poolAlgorithms.averageWithPadding : poolAlgorithms.average;
  const plan = windows(node, w.shape(x).slice(2), w.shape(out).slice(2), kernel, node.attrs["ceil"] === true);
  w.steps.push({
    kind: "pool",
    what: node.name === "" ? node.op : node.name,
    source: w.place(x),
    destination,
    algorithm: node.op === "max-pool" ? poolAlgorithms.max : average,
    kernel,
    ...plan,
  });
}

/** The mean over all spatial axes is a pool of one window. */
export function mapMean(w: PlanWriter, node: Node): void {
  const [x] = node.inputs;
  const [out] = node.outputs;
  if (x === null || x === undefined || out === undefined) return refuse("an operand is missing");
  const shape = w.shape(x);
  const given = (node.attrs["axes"] as readonly number[] | undefined) ?? [];
  const axes = given.map((a) => (a < 0 ? a + shape.length : a)).sort((a, b) => a - b);
  const spatial = shape.map((_, i) => i).slice(2);
  if (shape.length < 3 || shape.length > 5 || String(axes) !== String(spatial)) return refuse("a mean over these axes");
  const dims = [...shape.slice(0, 2), ...spatial.map(() => 1)];
  const destination = w.fresh("f32", dims);
  w.places.set(out, { ...destination, dims: w.shape(out), strides: denseStrides(w.shape(out)) });
  const ones = spatial.map(() => 1);
  const zeros = spatial.map(() => 0);
  w.steps.push({
    kind: "pool",
    what: "mean",
    source: w.place(x),
    destination,
    algorithm: poolAlgorithms.average,
    kernel: shape.slice(2),
    strides: ones,
    dilates: zeros,
    low: zeros,
    high: zeros,
  });
}

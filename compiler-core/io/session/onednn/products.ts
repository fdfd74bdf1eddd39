/** Matrix products as oneDNN's matmul: f32, and numbers of 8 bits with scales and zero points. */
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { NdArray } from "../../../graph/ndarray.ts";
import type { OnednnPostOp, OnednnStep, OnednnView } from "../../../protocol/onednn.ts";
import { asFloat, foldedWeights, integerAttributes } from "./eight-bits.ts";
import { denseStrides, isDense, refuse, type PlanWriter, type Quantised } from "./plan-writer.ts";
import { followChain, type Chain } from "./post-ops.ts";

/** matmul and gemm. */
export function mapProduct(w: PlanWriter, node: Node): void {
  const [a, b, c] = node.inputs;
  const out = node.outputs[0];
  if (a === null || a === undefined || b === null || b === undefined || out === undefined) return refuse("an operand is missing");
  const { attrs } = node;
  if (Number(attrs["alpha"] ?? 1) !== 1 || Number(attrs["beta"] ?? 1) !== 1) refuse("a product with factors");
  if (w.shape(a).length < 2 || w.shape(b).length < 2) refuse("a product with a vector");
  const hasSum = c !== null && c !== undefined;
  const left = operandOf(w, a);
  const right = weightsOf(w, b, attrs["transB"] === true ? -2 : -1);
  const flat =
    w
      .shape(b)
      .slice(0, -2)
      .every((d) => d === 1) && attrs["transA"] !== true;
  const axes = flat ? flatten(w.shape(out)) : w.shape(out);
  const source = flat ? rowsOf(w, left) : padded(turned(left.view, attrs["transA"] === true), axes.length);
  const weights = flat
    ? last2(turned(right.view, attrs["transB"] === true))
    : padded(turned(right.view, attrs["transB"] === true), axes.length);
  const chain = followChain(w, { value: out, dims: axes, ...(hasSum ? {} : { biasAxis: axes.length - 1 }), scales: !hasSum });
  const sum = hasSum ? summand(w, c, w.shape(out), axes) : undefined;
  w.steps.push(
    productStep(w, {
      node,
      left: { ...left, view: source },
      right: { ...right, view: weights },
      chain,
      axes,
      sum,
      transB: attrs["transB"] === true,
    }),
  );
}

interface Operand {
  readonly view: OnednnView;
  /** Set for numbers of 8 bits. */
  readonly quantised?: Quantised;
}

function operandOf(w: PlanWriter, v: ValueId): Operand {
  const quantised = w.places.has(v) ? undefined : w.quantised.get(v);
  if (quantised !== undefined && quantised.scales.length === 1) return { view: quantised.view, quantised };
  return { view: w.place(v) };
}

/** Weights of 8 bits may be folded to f32 in the graph: their origin is looked for. */
function weightsOf(w: PlanWriter, v: ValueId, columns: number): Operand {
  const quantised = w.quantised.get(v) ?? foldedWeights(w, v, columns);
  return quantised === undefined ? { view: w.place(v) } : { view: quantised.view, quantised };
}

const turned = (v: OnednnView, transpose: boolean): OnednnView =>
  transpose ? { ...v, dims: swapLast(v.dims), strides: swapLast(v.strides) } : v;
const swapLast = (list: readonly number[]): number[] => [...list.slice(0, -2), list.at(-1) ?? 1, list.at(-2) ?? 1];
const last2 = (v: OnednnView): OnednnView => ({ ...v, dims: v.dims.slice(-2), strides: v.strides.slice(-2) });
const flatten = (dims: readonly number[]): number[] => [dims.slice(0, -1).reduce((p, d) => p * d, 1), dims.at(-1) ?? 1];

function padded(v: OnednnView, rank: number): OnednnView {
  const ones = new Array<number>(rank - v.dims.length).fill(1);
  return { ...v, dims: [...ones, ...v.dims], strides: [...ones, ...v.strides] };
}

function rowsOf(w: PlanWriter, { view }: Operand): OnednnView {
  if (view.dims.length === 2) return view;
  const dims = flatten(view.dims);
  if (isDense(view)) return { ...view, dims, strides: denseStrides(dims) };
  const copy = w.fresh(view.dtype, view.dims);
  w.steps.push({ kind: "reorder", what: "a copy", source: view, destination: copy });
  return { ...copy, dims, strides: denseStrides(dims) };
}

/** The summand of a gemm, as bias where it is a constant row. */
function summand(w: PlanWriter, v: ValueId, shape: readonly number[], axes: readonly number[]): OnednnView {
  const view = w.dense(v);
  const own = [...new Array<number>(shape.length - view.dims.length).fill(1), ...view.dims];
  if (own.length !== axes.length) refuse("a summand of this shape");
  return { ...view, dims: own, strides: denseStrides(own) };
}

interface Product {
  readonly node: Node;
  readonly left: Operand;
  readonly right: Operand;
  readonly chain: Chain;
  readonly axes: readonly number[];
  readonly sum: OnednnView | undefined;
  readonly transB: boolean;
}

function productStep(w: PlanWriter, p: Product): OnednnStep {
  const { left, right, chain, axes, sum } = p;
  const what = p.node.name === "" ? p.node.op : p.node.name;
  const rowBias = sum?.dims.every((d, i) => (i === axes.length - 1 ? d === axes[i] : d === 1)) === true;
  const added: readonly OnednnPostOp[] = sum === undefined || rowBias ? [] : [{ algorithm: 0x1fff0, operand: sum }];
  const post = [...added, ...chain.post];
  const bias = chain.bias === undefined ? (rowBias ? sum : undefined) : rowOf(w, biasValues(w, chain.bias), axes.length);
  const common = { kind: "matmul" as const, what, destination: chain.destination };
  const signed = left.quantised !== undefined && sum === undefined ? signedWeights(w, right) : undefined;
  if (signed !== undefined) return { ...integerProduct(w, p, signed, common, post), otherwise: floatProduct(w, p, common, post, bias) };
  const steps = floatProduct(w, p, common, post, bias);
  w.steps.push(...steps.slice(0, -1));
  return steps.at(-1) ?? refuse("no product");
}

type Common = Pick<OnednnStep, "kind" | "what" | "destination">;

const factor = (scale: number): Partial<OnednnStep> => (scale === 1 ? {} : { scales: [scale] });

/** In f32; operands of 8 bits are written out first. */
function floatProduct(
  w: PlanWriter,
  p: Product,
  common: Common,
  post: readonly OnednnPostOp[],
  bias: OnednnView | undefined,
): OnednnStep[] {
  const before: OnednnStep[] = [];
  const source = asFloat(w, p.left.view, p.left.quantised, 1, before);
  const weights = asFloat(w, p.right.view, p.right.quantised, p.transB ? (p.right.view.dims.at(-2) ?? 1) : 1, before);
  return [...before, { ...common, source, weights, ...(bias === undefined ? {} : { bias }), ...factor(p.chain.scale), post }];
}

/** Weights of oneDNN are signed: unsigned ones around 128 are moved, in every run when they are not constant. */
function signedWeights(
  w: PlanWriter,
  { view, quantised }: Operand,
): { readonly view: OnednnView; readonly before?: OnednnStep } | undefined {
  if (quantised === undefined) return undefined;
  if (view.dtype === "i8" && quantised.zero === 0) return { view };
  if (view.dtype !== "u8" || quantised.zero !== 128) return undefined;
  const to = w.fresh("i8", view.dims);
  return { view: to, before: { kind: "reorder", what: "to signed numbers", source: view, destination: to, sourceZero: 128 } };
}

function integerProduct(
  w: PlanWriter,
  { left, right, chain, axes }: Product,
  signed: { readonly view: OnednnView; readonly before?: OnednnStep },
  common: Common,
  post: readonly OnednnPostOp[],
): OnednnStep {
  const given = chain.bias === undefined ? undefined : biasValues(w, chain.bias);
  const { bias, ...attributes } = integerAttributes(left.quantised, right.quantised, chain, post, given, axes.length - 1);
  return {
    ...common,
    ...(signed.before === undefined ? {} : { before: [signed.before] }),
    source: left.view,
    weights: signed.view,
    ...(bias === undefined ? {} : { bias: rowOf(w, bias, axes.length) }),
    ...attributes,
  };
}

const biasValues = (w: PlanWriter, v: ValueId): NdArray => w.constant(v) ?? refuse("a bias that is not constant");

/** A constant vector along the last of `rank` axes. */
function rowOf(w: PlanWriter, values: NdArray, rank: number): OnednnView {
  const view = w.data(values);
  const dims = [...new Array<number>(rank - 1).fill(1), values.data.length];
  return { ...view, dims, strides: denseStrides(dims) };
}

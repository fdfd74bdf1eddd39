/**
 * Is a result right? Floats are held against an evaluation in f64 and may be at most twice as far from it as a reference
 * implementation is, plus 4 units in the last place of the reduction's magnitude; everything else must be equal.
 */
import { staticShape, valueOf, type Graph, type Node, type ValueId } from "../graph/ir.ts";
import { evaluateNode } from "../graph/eval.ts";
import { toNumbers, type NdArray } from "../graph/ndarray.ts";
import { hasTrait, type OpName } from "../graph/ops/index.ts";
import { isFloat, type DType } from "../support/dtype.ts";

/** Distance of 1 to the next larger number, for the types that results have. */
const epsilons: Readonly<Partial<Record<DType, number>>> = { f64: 2 ** -52, f32: 2 ** -23, f16: 2 ** -10, bf16: 2 ** -7 };

/** How an output compares; errors are absolute, against the f64 evaluation. */
export interface Accuracy {
  /** Greatest difference to the reference implementation, absolute and relative. */
  readonly maxAbs: number;
  readonly maxRel: number;
  /** Greatest error of ours and of the reference, and the greatest one that passes. */
  readonly error: number;
  readonly referenceError: number;
  readonly limit: number;
  /** Magnitude of the last reduction before the output: the greatest sum of absolute products. */
  readonly magnitude: number;
  readonly ok: boolean;
  /** The first element that does not pass. */
  readonly why?: string;
}

/** A difference with the meaning of NaN and infinities: equal ones differ by 0, others by infinity. */
export function difference(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const d = Math.abs(a - b);
  return Number.isNaN(d) ? (Number.isNaN(a) && Number.isNaN(b) ? 0 : Infinity) : d;
}

/** Greatest absolute and relative difference; relative to the greater of both magnitudes. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): { readonly maxAbs: number; readonly maxRel: number } {
  let maxAbs = 0;
  let maxRel = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? NaN, b[i] ?? NaN];
    const d = difference(x, y);
    if (d === 0) continue;
    maxAbs = Math.max(maxAbs, d);
    maxRel = Math.max(maxRel, d / Math.max(Math.abs(x), Math.abs(y), Number.MIN_VALUE));
  }
  return { maxAbs, maxRel };
}

export interface Allowed {
  /** Units in the last place of the magnitude, on top of twice the reference's error. */
  readonly ulps?: number;
  /** What one step of a quantised value before it may change (see `quantisationStep`). */
  readonly step?: number;
  /** bf16 products in a row before this output, where the arithmetic was asked to be bf16: see `bf16Allowance`. */
  readonly bf16Products?: number;
}

/**
 * What products in bf16 may cost, relative to the magnitude of the last reduction: both operands are rounded to 8 bits (2^-9 of each), so a sum
 * is off by at most 2^-8 of the sum of its absolute products (sums of f32 are far below that), and each product in a row before it adds as much.
 */
const bf16Allowance = (products: number): number => products * 2 ** -8;

/** Holds one output against the reference and the f64 evaluation. */
export function accuracy(ours: NdArray, reference: NdArray, exact: NdArray, magnitude: number, allowed: Allowed = {}): Accuracy {
  const { ulps = 4, step = 0, bf16Products = 0 } = allowed;
  const [x, r, e] = [toNumbers(ours), toNumbers(reference), toNumbers(exact)];
  const float = isFloat(ours.dtype);
  const own = maxDifference(x, e).maxAbs;
  const theirs = maxDifference(r, e).maxAbs;
  const slack = float && Number.isFinite(theirs) ? 2 * theirs : 0;
  const rounding = ulps * (epsilons[ours.dtype] ?? 0) + bf16Allowance(bf16Products);
  const limit = step + (float ? slack + rounding * magnitude : 0);
  const bad = x.findIndex((v, i) => difference(v, e[i] ?? NaN) > limit && difference(v, r[i] ?? NaN) > step);
  const why = bad < 0 ? {} : { why: `element ${bad} is ${x[bad]}, the evaluation in f64 ${e[bad]}, the reference ${r[bad]}` };
  return { ...maxDifference(x, r), error: own, referenceError: theirs, limit, magnitude, ok: bad < 0, ...why };
}

/**
 * Greatest difference to the reference that passes where there is no evaluation in f64 to hold both against, relative to the greatest value of
 * the output: what a few dozen roundings in other places come to. Numbers of 8 bits may differ by one step (a quantised value at the edge of two),
 * everything else must be equal.
 */
const directTolerance: Readonly<Partial<Record<DType, number>>> = {
  f64: 2 ** -28,
  f32: 2 ** -12,
  f16: 2 ** -6,
  bf16: 2 ** -4,
  i8: 1,
  u8: 1,
};

/** Holds an output against the reference alone: `error` is the difference to it. */
export function directAccuracy(ours: NdArray, reference: NdArray): Accuracy {
  const [x, r] = [toNumbers(ours), toNumbers(reference)];
  const magnitude = greatest(reference);
  const tolerance = directTolerance[ours.dtype] ?? 0;
  const limit = isFloat(ours.dtype) ? tolerance * magnitude : tolerance;
  const found = maxDifference(x, r);
  const bad = x.findIndex((v, i) => difference(v, r[i] ?? NaN) > limit);
  const why = bad < 0 ? {} : { why: `element ${bad} is ${x[bad]}, the reference ${r[bad]}` };
  return { ...found, error: found.maxAbs, referenceError: 0, limit, magnitude, ok: bad < 0, ...why };
}

/** Share of elements that are not zero, and share that sits at a bound: not finite, or at an extreme value that repeats. */
export interface Spread {
  readonly nonZero: number;
  readonly saturated: number;
  /** A comparison of such an output proves little: less than half of it is non-zero, or more than half of it saturated. */
  readonly degenerate: boolean;
}

export function spread(nd: NdArray): Spread {
  const values = toNumbers(nd);
  if (values.length === 0) return { nonZero: 0, saturated: 0, degenerate: true };
  let [least, most] = [Infinity, -Infinity];
  for (const v of values) {
    if (v < least) least = v;
    if (v > most) most = v;
  }
  const at = (bound: number): number => values.reduce((n, v) => n + (v === bound ? 1 : 0), 0);
  const repeated = (n: number): number => (n > 1 ? n : 0);
  const bounds = least === most ? repeated(at(least)) : repeated(at(least)) + repeated(at(most));
  const wild = values.reduce((n, v) => n + (Number.isFinite(v) ? 0 : 1), 0);
  const nonZero = values.reduce((n, v) => n + (v === 0 ? 0 : 1), 0) / values.length;
  const saturated = Math.min(1, (bounds + wild) / values.length);
  return { nonZero, saturated, degenerate: nonZero < 0.5 || (isFloat(nd.dtype) && saturated > 0.5) };
}

/** Elementwise operators that do not magnify an error: |f(a) - f(b)| <= |a - b|. */
export const contracting: readonly OpName[] = [
  "relu",
  "leaky-relu",
  "tanh",
  "sigmoid",
  "clip",
  "identity",
  "abs",
  "neg",
  "softsign",
  "add",
  "sub",
  "max",
  "min",
  "elu",
  "softmax",
];
const accumulating: readonly OpName[] = ["matmul", "gemm", "reduce-sum"];

/** Values that `reductionMagnitude` wants beside the outputs: the operands of the last reduction before each. */
export function magnitudeOperands(graph: Graph, outputs: readonly ValueId[]): ValueId[] {
  return outputs.flatMap((id) => lastReduction(graph, id)?.inputs.filter((input) => input !== null) ?? []);
}

/**
 * The magnitude of the last reduction before an output: the greatest sum of |a| |b| of the matmul behind it, where only operators lie in
 * between that do not magnify errors; otherwise the greatest value of the output itself. `exact` holds the f64 values of the output and of
 * its `magnitudeOperands`.
 */
export function reductionMagnitude(graph: Graph, output: ValueId, exact: ReadonlyMap<ValueId, NdArray>): number {
  const value = exact.get(output);
  const own = value === undefined ? 0 : greatest(value);
  const reduction = lastReduction(graph, output);
  if (reduction === undefined || staticShape(valueOf(graph, reduction.outputs[0] ?? output)) === undefined) return own;
  const absolute = reduction.inputs.map((id) => (id === null ? null : magnitudes(exact.get(id))));
  const [sums] = evaluateNode(graph, reduction, absolute, "f64");
  return Math.max(own, sums === undefined ? 0 : greatest(sums));
}

function lastReduction(graph: Graph, output: ValueId): Node | undefined {
  const producers = new Map(graph.nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));
  const open = [output];
  const seen = new Set<ValueId>();
  for (let id = open.shift(); id !== undefined; id = open.shift()) {
    const node = producers.get(id);
    if (node === undefined || seen.has(id)) continue;
    seen.add(id);
    if (accumulating.includes(node.op)) return node;
    if (contracting.includes(node.op) || hasTrait(node.op, "view")) open.push(...node.inputs.filter((i) => i !== null));
  }
  return undefined;
}

export function magnitudes(nd: NdArray | undefined): NdArray | null {
  return nd === undefined ? null : { ...nd, data: nd.data instanceof Float64Array ? nd.data.map(Math.abs) : nd.data };
}

const greatest = (nd: NdArray): number => toNumbers(nd).reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 0);

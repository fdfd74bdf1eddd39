/** Reductions over axes: a table of combiners. Sums are kept in double (or exact integers) and rounded once. */
import { isFloat, type DType } from "../../support/dtype.ts";
import { binaryMeaning, reduceIdentity, type Scalar } from "../../tensor/semantics.ts";
import { roundFloat, wrapInteger } from "../../tensor/rounding.ts";
import { normalAxis, shapeText } from "../dims.ts";
import type { Attrs, Shape } from "../ir.ts";
import { reader, writer } from "../eval-elementwise.ts";
import { allocate, count, strides, type NdArray } from "../ndarray.ts";
import {
  boolAttr,
  elementCount,
  floatTypes,
  integerTypes,
  optionalInts,
  refuse,
  type EvalCall,
  type InferCall,
  type Inferred,
  type Op,
  type TensorType,
} from "./op.ts";

interface ReduceRow {
  readonly what: string;
  readonly start: (dtype: DType) => Scalar;
  /** In double for floats; integers are numbers, or bigints when they must be. */
  readonly step: (sum: Scalar, x: Scalar) => Scalar;
  readonly finish?: (sum: Scalar, n: number) => Scalar;
}

const big = (x: Scalar): bigint => BigInt(x as number | bigint);
/** Numbers as long as they are exact. */
function exact(numbers: (a: number, b: number) => number, bigs: (a: bigint, b: bigint) => bigint): (a: Scalar, b: Scalar) => Scalar {
  return (a, b) => {
    if (typeof a === "number" && typeof b === "number") {
      const r = numbers(a, b);
      if (!Number.isInteger(a) || !Number.isInteger(b) || Number.isSafeInteger(r) || !Number.isFinite(r)) return r;
      return Number.isSafeInteger(a) && Number.isSafeInteger(b) ? bigs(BigInt(a), BigInt(b)) : r;
    }
    return bigs(big(a), big(b));
  };
}
const plus = exact(
  (a, b) => a + b,
  (a, b) => a + b,
);
const times = exact(
  (a, b) => a * b,
  (a, b) => a * b,
);
const divide = (sum: Scalar, n: number): Scalar => (typeof sum === "bigint" ? sum / BigInt(n) : Number(sum) / n);
const pick =
  (op: "min" | "max") =>
  (a: Scalar, b: Scalar): Scalar =>
    typeof a === "number" && typeof b === "number"
      ? binaryMeaning[op].float(a, b)
      : typeof a === "boolean"
        ? binaryMeaning[op].bool(a, Boolean(b))
        : (op === "min" ? big(a) < big(b) : big(a) > big(b))
          ? a
          : b;

const rows = {
  sum: { what: "sum", start: () => 0, step: plus },
  mean: { what: "arithmetic mean", start: () => 0, step: plus, finish: divide },
  prod: { what: "product", start: () => 1, step: times },
  max: { what: "largest element; NaN if one is", start: (d) => reduceIdentity("max", d), step: pick("max") },
  min: { what: "smallest element; NaN if one is", start: (d) => reduceIdentity("min", d), step: pick("min") },
  l2: {
    what: "square root of the sum of squares",
    start: () => 0,
    step: (s, x) => plus(s, times(x, x)),
    finish: (s) => Math.sqrt(Number(s)),
  },
  sumSquare: { what: "sum of squares", start: () => 0, step: (s, x) => plus(s, times(x, x)) },
} satisfies Record<string, ReduceRow>;

/**
 * The axes to combine, from the front and sorted; undefined when one is out of range. None given: all, or with `noop` none, so that only what
 * is done to single elements remains (the square of reduce-sum-square ...).
 */
function reduceAxes(attrs: Attrs, rank: number): readonly number[] | undefined {
  const axes = optionalInts(attrs, "axes");
  if (axes === undefined || axes.length === 0) return boolAttr(attrs, "noop") ? [] : Array.from({ length: rank }, (_, i) => i);
  const normal = axes.map((a) => normalAxis(a, rank));
  return normal.includes(undefined) ? undefined : [...new Set(normal as number[])].sort((a, b) => a - b);
}

function infer({ inputs, attrs }: InferCall): Inferred {
  const [x, pending] = inputs as readonly [TensorType, TensorType?];
  if (x.shape === undefined) return [x];
  if (pending) return [{ dtype: x.dtype, shape: pendingShape(x.shape, pending.shape, attrs) }];
  const axes = reduceAxes(attrs, x.shape.length);
  if (axes === undefined) return refuse("attribute", `axes ${String(attrs["axes"])} are not axes of ${shapeText(x.shape)}`);
  const keep = boolAttr(attrs, "keepdims");
  const shape: Shape = keep ? x.shape.map((d, i) => (axes.includes(i) ? 1 : d)) : x.shape.filter((_, i) => !axes.includes(i));
  return [{ dtype: x.dtype, shape }];
}

/** What is known of the result while the axes are not: its rank, if their number is. */
function pendingShape(x: Shape, axes: Shape | undefined, attrs: Attrs): Shape | undefined {
  if (boolAttr(attrs, "keepdims")) return x.map((d) => (d === 1 ? 1 : "?"));
  const count = axes?.length === 1 ? axes[0] : undefined;
  return typeof count === "number" && count > 0 && count <= x.length ? new Array<string>(x.length - count).fill("?") : undefined;
}

function evaluate(row: ReduceRow, { inputs, attrs, outputs, mode }: EvalCall): readonly NdArray[] {
  const x = inputs[0]!;
  const out = allocate(outputs[0]!.dtype, outputs[0]!.shape, mode);
  const axes = reduceAxes(attrs, x.shape.length)!;
  const steps = strides(x.shape);
  const inner = axes.map((a) => x.shape[a]!);
  const outer = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const offsets = offsetsOf(
    inner,
    axes.map((a) => steps[a]!),
  );
  const starts = offsetsOf(
    outer.map((i) => x.shape[i]!),
    outer.map((i) => steps[i]!),
  );
  const [read, write] = [reader(x), writer(out)];
  const n = offsets.length;
  for (let i = 0; i < starts.length; i++) {
    let sum = row.start(x.dtype);
    for (let j = 0; j < n; j++) sum = row.step(sum, read(starts[i]! + offsets[j]!));
    write(i, settle(row.finish === undefined ? sum : row.finish(sum, n), out.dtype, mode === "f64"));
  }
  return [out];
}

function settle(value: Scalar, dtype: DType, wide: boolean): Scalar {
  if (dtype === "bool") return value;
  if (isFloat(dtype)) return wide ? Number(value) : roundFloat(dtype, Number(value));
  return wrapInteger(dtype, typeof value === "number" ? Math.trunc(value) || 0 : (value as bigint));
}

/** Offsets of all elements of a box, row-major. */
function offsetsOf(extents: readonly number[], steps: readonly number[]): Float64Array {
  const out = new Float64Array(count(extents));
  for (let i = 0; i < out.length; i++) {
    let at = 0;
    for (let axis = extents.length - 1, rest = i; axis >= 0; axis--) {
      at += (rest % extents[axis]!) * steps[axis]!;
      rest = Math.floor(rest / extents[axis]!);
    }
    out[i] = at;
  }
  return out;
}

const normalise = (inputs: readonly (TensorType | null)[], attrs: Attrs): Attrs => {
  const rank = inputs[1] ? undefined : inputs[0]?.shape?.length;
  const axes = rank === undefined ? undefined : reduceAxes(attrs, rank);
  return axes === undefined || String(axes) === String(attrs["axes"]) ? attrs : { ...attrs, axes };
};

function reduction(row: ReduceRow, cost: number): Op {
  return {
    what: `${row.what} over axes`,
    arity: [1, 2],
    outputs: [1, 1],
    attrs: {
      axes: { kind: "ints", optional: true, what: "absent or empty: all" },
      keepdims: { kind: "bool", default: true },
      noop: { kind: "bool", optional: true, what: "no axes given means no axes, not all" },
    },
    late: { axes: 1 },
    traits: ["reduction"],
    infer: (call) =>
      allowed(row, call.inputs[0]!.dtype)
        ? infer(call)
        : refuse("dtype", `elements of type ${call.inputs[0]!.dtype} are not supported here`),
    eval: (call) => evaluate(row, call),
    flops: (c) => cost * elementCount(c.inputs[0]!),
    normalise,
  };
}
const allowed = (row: ReduceRow, dtype: DType): boolean =>
  floatTypes.includes(dtype) || integerTypes.includes(dtype) || (dtype === "bool" && (row === rows.min || row === rows.max));

export const reduceSum = reduction(rows.sum, 1);
export const reduceMean = reduction(rows.mean, 1);
export const reduceProd = reduction(rows.prod, 1);
export const reduceMax = reduction(rows.max, 1);
export const reduceMin = reduction(rows.min, 1);
export const reduceL2 = reduction(rows.l2, 2);
export const reduceSumSquare = reduction(rows.sumSquare, 2);

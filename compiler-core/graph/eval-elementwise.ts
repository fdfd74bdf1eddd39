/** Evaluation of elementwise operators: one scalar function over operands that are broadcast to the shape of the result. */
import type { DType } from "../support/dtype.ts";
import type { Scalar } from "../tensor/semantics.ts";
import type { ScalarFunction } from "./eval-scalar.ts";
import { allocate, count, isBig, strides, type BigArray, type Mode, type NdArray, type NumberArray } from "./ndarray.ts";

/** Reads element `i` the way the semantics table wants it: booleans, numbers, and bigints only beyond 2^53. */
export function reader(nd: NdArray): (i: number) => Scalar {
  if (nd.dtype === "bool") return (i) => nd.data[i] !== 0;
  if (isBig(nd.dtype)) {
    const data = nd.data as BigArray;
    return (i) => {
      const n = Number(data[i]!);
      return Number.isSafeInteger(n) ? n : data[i]!;
    };
  }
  const data = nd.data as NumberArray;
  return (i) => data[i]!;
}

export function writer(nd: NdArray): (i: number, v: Scalar) => void {
  if (isBig(nd.dtype)) {
    const data = nd.data as BigArray;
    return (i, v) => (data[i] = BigInt(v as number | bigint));
  }
  const data = nd.data as NumberArray;
  return (i, v) => (data[i] = Number(v));
}

/** Strides of `shape` seen from `out`: 0 along broadcast axes. */
export function broadcastStrides(shape: readonly number[], out: readonly number[]): number[] {
  const own = strides(shape);
  const shift = out.length - shape.length;
  return out.map((_, i) => (i < shift || shape[i - shift] === 1 ? 0 : own[i - shift]!));
}

/** `f` of every element. */
export function mapElements(f: ScalarFunction, inputs: readonly NdArray[], outShape: readonly number[], dtype: DType, mode: Mode): NdArray {
  const out = allocate(dtype, outShape, mode);
  if (count(outShape) === 0) return out;
  const space = collapsed(
    outShape,
    inputs.map((x) => broadcastStrides(x.shape, outShape)),
  );
  const isPlain = [out, ...inputs].every((x) => x.dtype !== "bool" && !isBig(x.dtype));
  if (isPlain) mapNumbers(f, inputs, out, space);
  else mapScalars(f, inputs, out, space);
  return out;
}

interface Space {
  readonly shape: readonly number[];
  /** Of each operand, along each axis. */
  readonly steps: readonly (readonly number[])[];
}

/** The same elements in the same order over fewer axes: those that all operands walk through as one are one. */
function collapsed(shape: readonly number[], steps: readonly (readonly number[])[]): Space {
  const [extents, own]: [number[], number[][]] = [[], steps.map(() => [])];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    if (extent === 1) continue;
    const [inner] = extents;
    if (inner !== undefined && steps.every((s, k) => s[axis] === own[k]![0]! * inner)) extents[0] = inner * extent;
    else {
      extents.unshift(extent);
      own.forEach((o, k) => o.unshift(steps[k]![axis]!));
    }
  }
  return { shape: extents, steps: own };
}

function mapScalars(f: ScalarFunction, inputs: readonly NdArray[], out: NdArray, { shape, steps }: Space): void {
  const operands: Scalar[] = new Array<Scalar>(inputs.length).fill(0);
  const write = writer(out);
  const reads = inputs.map(reader);
  const inner = shape.at(-1) ?? 1;
  const innerSteps = steps.map((s) => s.at(-1) ?? 0);
  forRows(shape, steps, (row, offsets) => {
    for (let j = 0; j < inner; j++) {
      for (let k = 0; k < reads.length; k++) operands[k] = reads[k]!(offsets[k]! + j * innerSteps[k]!);
      write(row * inner + j, f(operands));
    }
  });
}

/** Elements that are brought into one form at a time. */
const batch = 1024;

/**
 * The same where all elements are numbers as they lie in memory. They pass through arrays of doubles, which hold all of them exactly: loops over arrays of
 * one type are fast, whatever the types of the operands are.
 */
function mapNumbers(f: ScalarFunction, inputs: readonly NdArray[], out: NdArray, { shape, steps }: Space): void {
  const inner = shape.at(-1) ?? 1;
  const to = out.data as NumberArray;
  const from = inputs.map((x) => x.data as NumberArray);
  const innerSteps = steps.map((s) => s.at(-1) ?? 0);
  const size = Math.min(batch, inner);
  const read = from.map(() => new Float64Array(size));
  const made = new Float64Array(size);
  forRows(shape, steps, (row, offsets) => {
    for (let j = 0; j < inner; j += size) {
      const n = Math.min(size, inner - j);
      for (let k = 0; k < from.length; k++) gather(from[k]!, offsets[k]! + j * innerSteps[k]!, innerSteps[k]!, read[k]!, n);
      mapBatch(f, read, made, n);
      to.set(n === size ? made : made.subarray(0, n), row * inner + j);
    }
  });
}

/** `n` elements from `at` on, `step` apart. */
function gather(from: NumberArray, at: number, step: number, to: Float64Array, n: number): void {
  if (step === 0) to.fill(from[at]!);
  else if (step === 1) to.set(from.subarray(at, at + n));
  else for (let i = 0; i < n; i++) to[i] = from[at + i * step]!;
}

function mapBatch(f: ScalarFunction, read: readonly Float64Array[], made: Float64Array, n: number): void {
  const operands = new Array<number>(read.length).fill(0);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < read.length; k++) operands[k] = read[k]![i]!;
    made[i] = f(operands) as number;
  }
}

/** Calls `visit` for every row (all axes but the last), in order, with the offset of the row in each operand. */
export function forRows(
  shape: readonly number[],
  steps: readonly (readonly number[])[],
  visit: (row: number, offsets: readonly number[]) => void,
): void {
  const outer = shape.slice(0, -1);
  const rows = count(outer);
  const at = new Array<number>(outer.length).fill(0);
  const offsets = new Array<number>(steps.length).fill(0);
  for (let row = 0; row < rows; row++) {
    visit(row, offsets);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      at[axis]!++;
      for (let k = 0; k < offsets.length; k++) offsets[k]! += steps[k]![axis]!;
      if (at[axis]! < outer[axis]!) break;
      for (let k = 0; k < offsets.length; k++) offsets[k]! -= steps[k]![axis]! * outer[axis]!;
      at[axis] = 0;
    }
  }
}

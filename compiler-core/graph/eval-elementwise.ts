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
  const n = count(outShape);
  if (n === 0) return out;
  const operands: Scalar[] = new Array<Scalar>(inputs.length).fill(0);
  const write = writer(out);
  const reads = inputs.map(reader);
  const inner = outShape.at(-1) ?? 1;
  const steps = inputs.map((x) => broadcastStrides(x.shape, outShape));
  const innerSteps = steps.map((s) => s.at(-1) ?? 0);
  forRows(outShape, steps, (row, offsets) => {
    for (let j = 0; j < inner; j++) {
      for (let k = 0; k < reads.length; k++) operands[k] = reads[k]!(offsets[k]! + j * innerSteps[k]!);
      write(row * inner + j, f(operands));
    }
  });
  return out;
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

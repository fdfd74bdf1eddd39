/** Copies of strided boxes of elements: the one loop behind transpose, slice, concat, split and pad. */
import { count, strides, type NdArray } from "./ndarray.ts";

/** Copies a box of `extents` elements: from `fromAt` in steps of `fromSteps` to `toAt` in steps of `toSteps`. */
export function copyBox(
  from: NdArray,
  fromAt: number,
  fromSteps: readonly number[],
  to: NdArray,
  toAt: number,
  toSteps: readonly number[],
  extents: readonly number[],
): void {
  if (count(extents) === 0) return;
  const last = extents.length - 1;
  const n = extents[last] ?? 1;
  const [f, t] = [fromSteps[last] ?? 0, toSteps[last] ?? 0];
  const at = new Array<number>(Math.max(last, 0)).fill(0);
  let [a, b] = [fromAt, toAt];
  const rows = count(extents.slice(0, -1));
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < n; j++) to.data[b + j * t] = from.data[a + j * f]!;
    for (let axis = last - 1; axis >= 0; axis--) {
      at[axis]!++;
      a += fromSteps[axis]!;
      b += toSteps[axis]!;
      if (at[axis]! < extents[axis]!) break;
      a -= fromSteps[axis]! * extents[axis]!;
      b -= toSteps[axis]! * extents[axis]!;
      at[axis] = 0;
    }
  }
}

/** Offset of an index. */
export const offsetOf = (index: readonly number[], shape: readonly number[]): number => {
  const steps = strides(shape);
  return index.reduce((sum, i, axis) => sum + i * steps[axis]!, 0);
};

/** Visits the indices of an array in row-major order. The same list object is passed every time. */
export function eachIndex(shape: readonly number[], visit: (index: readonly number[], at: number) => void): void {
  const n = count(shape);
  const index = new Array<number>(shape.length).fill(0);
  for (let at = 0; at < n; at++) {
    visit(index, at);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/** `out` filled with elements of `from`: `source` gives the row-major position to copy. */
export function pick(from: NdArray, out: NdArray, source: (index: readonly number[]) => number): NdArray {
  eachIndex(out.shape, (index, at) => (out.data[at] = from.data[source(index)]!));
  return out;
}

/** Counted from the end if negative. */
export const wrapped = (i: number, extent: number): number => (i < 0 ? i + extent : i);
/** A position as the generated code takes it: counted from the end if negative, and never outside of the axis. */
export const clamped = (i: number, extent: number): number => Math.min(Math.max(wrapped(i, extent), 0), extent - 1);

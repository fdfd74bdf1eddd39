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

/** Does another implementation compute the same? Rounding differs, and 8-bit steps may fall to either side. */
import { toNumbers, type NdArray } from "../../../graph/ndarray.ts";

/** Of the greatest value: sums in another order, functions with other approximations. */
const floatTolerance = 1e-3;
/** Numbers of 8 bits: how far any may be off, and how far they may be on average. */
const steps = { most: 8, mean: 0.5 };
/**
 * Of values behind roundings to 8 bits: root of the mean square of the differences, against that of the values. A number that falls to the other
 * side changes the numbers of the next layer: after the 50 layers of a MobileNet, ours and ONNX Runtime's are 1 % from exact arithmetic, and from each other.
 */
const roundedTolerance = 0.05;

/** A sentence about results that differ by more than rounding explains; undefined when they agree. `rounds`: values are rounded to 8 bits on the way. */
export function farFrom(ours: NdArray, theirs: NdArray | undefined, rounds = false): string | undefined {
  if (theirs === undefined || theirs.data.length !== ours.data.length) return "its results have another shape";
  const [a, b] = [toNumbers(ours), toNumbers(theirs)];
  let most = 0;
  let sum = 0;
  let squares = 0;
  let top = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? NaN, b[i] ?? NaN];
    if (Object.is(x, y) || x === y) continue;
    const d = Math.abs(x - y);
    if (!Number.isFinite(d)) return `${y} instead of ${x}`;
    most = Math.max(most, d);
    sum += d;
    squares += d * d;
  }
  let all = 0;
  for (const x of a) {
    if (!Number.isFinite(x)) continue;
    top = Math.max(top, Math.abs(x));
    all += x * x;
  }
  if (ours.dtype === "u8" || ours.dtype === "i8") {
    const mean = sum / Math.max(1, a.length);
    return most > steps.most || mean > steps.mean ? `numbers are off by up to ${most}, on average ${mean.toFixed(2)}` : undefined;
  }
  if (rounds && squares <= roundedTolerance ** 2 * all) return undefined;
  return most > floatTolerance * top ? `values are off by up to ${most.toPrecision(3)} of ${top.toPrecision(3)}` : undefined;
}

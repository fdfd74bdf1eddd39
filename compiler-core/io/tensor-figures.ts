/** Figures over all elements of a tensor in memory, and how far two tensors lie apart. */
import type { NdArray } from "../graph/ndarray.ts";
import type { TensorStats } from "../protocol/panel.ts";
import { isFloat } from "../support/dtype.ts";
import { difference } from "./accuracy.ts";

/** Ranges of a histogram, as far as there are that many different whole numbers. */
const mostRanges = 48;

/** Of the elements that are numbers; NaN and infinities are counted and left out of the rest. */
export function tensorFigures({ dtype, data }: NdArray): TensorStats {
  const count = data.length;
  let [numbers, zeros, nans, infinities, sum] = [0, 0, 0, 0, 0];
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const v = Number(data[i]);
    if (Number.isNaN(v)) nans++;
    else if (!Number.isFinite(v)) infinities++;
    else {
      numbers++;
      sum += v;
      if (v === 0) zeros++;
      if (v < min) min = v;
      if (v > max) max = v;
    }
  }
  if (numbers === 0) return { count, min: NaN, max: NaN, mean: NaN, std: NaN, zeros: 0, nans, infinities, histogram: [] };
  const mean = sum / numbers;
  const ranges = max === min ? 1 : isFloat(dtype) ? mostRanges : Math.min(mostRanges, max - min + 1);
  const histogram = new Array<number>(ranges).fill(0);
  const scale = max === min ? 0 : ranges / (max - min);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const v = Number(data[i]);
    if (!(v >= min && v <= max)) continue;
    squares += (v - mean) ** 2;
    const at = Math.min(ranges - 1, Math.floor((v - min) * scale));
    histogram[at] = (histogram[at] ?? 0) + 1;
  }
  return { count, min, max, mean, std: Math.sqrt(squares / numbers), zeros, nans, infinities, histogram };
}

/** How far `values` are from `reference`, both of as many elements. */
export interface Distance {
  /** Signal to quantisation noise: 10 log10 (sum of squares of the reference / sum of squares of the differences), decibels; infinite for equal ones. */
  readonly sqnrDb: number;
  readonly maxAbs: number;
  /** Greatest absolute difference over the greatest magnitude of the reference. */
  readonly maxRel: number;
  readonly meanAbs: number;
  /** Greatest magnitude of the reference. */
  readonly magnitude: number;
}

export function distance(values: NdArray, reference: NdArray): Distance {
  let [signal, noise, total, maxAbs, magnitude] = [0, 0, 0, 0, 0];
  const n = reference.data.length;
  for (let i = 0; i < n; i++) {
    const want = Number(reference.data[i]);
    const d = difference(Number(values.data[i]), want);
    if (Number.isFinite(want)) {
      signal += want * want;
      magnitude = Math.max(magnitude, Math.abs(want));
    }
    noise += d * d;
    total += d;
    maxAbs = Math.max(maxAbs, d);
  }
  const sqnrDb = noise === 0 ? Infinity : signal === 0 ? -Infinity : 10 * Math.log10(signal / noise);
  return {
    sqnrDb,
    maxAbs,
    maxRel: maxAbs === 0 ? 0 : maxAbs / Math.max(magnitude, Number.MIN_VALUE),
    meanAbs: n === 0 ? 0 : total / n,
    magnitude,
  };
}

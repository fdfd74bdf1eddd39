/**
 * What samples of a time say, without assuming how they are distributed. The interval of the median is that of order
 * statistics: the ranks j < k such that a binomial(n, 1/2) lies in [j, k) with probability >= 95 %.
 */
import type { Timing } from "../protocol/index.ts";

/** The value below which a share `q` of the sorted samples lies, with linear interpolation. NaN for no samples. */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return NaN;
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const sortNumbers = (samples: readonly number[]): number[] => [...samples].sort((a, b) => a - b);

/** Median and its 95 % interval. With fewer than 6 samples no interval has 95 %: the whole range is given. */
export function medianInterval(samples: readonly number[]): { readonly median: number; readonly ci95: readonly [number, number] } {
  const sorted = sortNumbers(samples);
  const [low, high] = medianRanks(sorted.length);
  return { median: quantile(sorted, 0.5), ci95: [sorted[low] ?? NaN, sorted[high] ?? NaN] };
}

/** Zero-based ranks of the order statistics that hold the median with at least 95 % confidence. */
export function medianRanks(n: number): readonly [number, number] {
  if (n === 0) return [0, 0];
  let low = 0;
  // P(X <= low - 1) for X ~ binomial(n, 1/2), kept in logarithms: 2^-n underflows beyond 1,074 samples.
  let logTerm = -n * Math.LN2;
  let below = 0;
  for (let i = 0; i < Math.floor(n / 2); i++) {
    below += Math.exp(logTerm);
    if (below > 0.025) break;
    low = i + 1;
    logTerm += Math.log((n - i) / (i + 1));
  }
  // `low` counts how many samples may be cut off at each end.
  const cut = Math.max(0, low - 1);
  return [cut, n - 1 - cut];
}

/** The statistics of one candidate's samples, in the unit of the samples (ms). */
export function timing(samples: readonly number[]): Timing {
  const sorted = sortNumbers(samples);
  const { median, ci95 } = medianInterval(samples);
  return { minMs: sorted[0] ?? NaN, medianMs: median, p95Ms: quantile(sorted, 0.95), runs: samples.length, ci95 };
}

/**
 * How many times faster `ours` is than `theirs`: the median of theirs / ours over samples taken in turns (the i-th of one beside the i-th
 * of the other, so that slow stretches of the machine cancel), with its 95 % interval.
 */
export function pairedRatio(
  theirs: readonly number[],
  ours: readonly number[],
): { readonly median: number; readonly ci95: readonly [number, number] } {
  const n = Math.min(theirs.length, ours.length);
  const ratios = Array.from({ length: n }, (_, i) => (theirs[i] ?? NaN) / (ours[i] ?? NaN)).filter((r) => Number.isFinite(r));
  return medianInterval(ratios);
}

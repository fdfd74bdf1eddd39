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

/**
 * How many independent samples a series in order of time is worth: its length over the integrated autocorrelation of "above the median or not",
 * summed up to the first lag that is not positive (Geyer's initial sequence, at single lags). A machine that is slow for a while makes
 * neighbours alike, and an interval that counted each of them would be too narrow.
 */
export function effectiveSize(series: readonly number[]): number {
  const n = series.length;
  if (n < 8) return n;
  const median = quantile(sortNumbers(series), 0.5);
  const signs = series.map((x) => Math.sign(x - median));
  const power = signs.reduce((sum, s) => sum + s * s, 0);
  if (power === 0) return n;
  let total = 1;
  for (let lag = 1; lag < n / 4; lag++) {
    let sum = 0;
    for (let i = lag; i < n; i++) sum += (signs[i] ?? 0) * (signs[i - lag] ?? 0);
    const rho = sum / power;
    if (rho <= 2 / Math.sqrt(n)) break;
    total += 2 * rho;
  }
  return Math.max(1, n / total);
}

/**
 * Median of a series of rounds and its 95 % interval, allowing for neighbours that are alike, and for sessions (processes) that differ by more
 * than their rounds do: addresses and pages are drawn anew for each process, so the interval spans the median of every session.
 */
export function seriesInterval(sessions: readonly (readonly number[])[]): {
  readonly median: number;
  readonly ci95: readonly [number, number];
} {
  const all = sessions.flat();
  const sorted = sortNumbers(all);
  const worth = Math.round(sessions.reduce((sum, s) => sum + effectiveSize(s), 0));
  // Fewer than 6 independent samples bound nothing at 95 %: the range is given.
  const cut = worth < 6 ? 0 : Math.floor((medianRanks(worth)[0] / worth) * sorted.length);
  const [low, high] = [sorted[cut] ?? NaN, sorted[sorted.length - 1 - cut] ?? NaN];
  const medians = sessions.filter((s) => s.length > 0).map((s) => quantile(sortNumbers(s), 0.5));
  return { median: quantile(sorted, 0.5), ci95: [Math.min(low, ...medians), Math.max(high, ...medians)] };
}

/** Samples of one candidate: sessions of rounds of runs. */
export type SessionRounds = readonly (readonly (readonly number[])[])[];

const mediansOf = (sessions: SessionRounds): number[][] => sessions.map((s) => s.map((round) => quantile(sortNumbers(round), 0.5)));

/** The statistics of a candidate's runs; the interval is that of its rounds. */
export function timingOfSessions(sessions: SessionRounds): Timing {
  const all = sessions.flat(2);
  const sorted = sortNumbers(all);
  const { ci95 } = seriesInterval(mediansOf(sessions));
  const medianMs = quantile(sorted, 0.5);
  return {
    minMs: sorted[0] ?? NaN,
    medianMs,
    p95Ms: quantile(sorted, 0.95),
    runs: all.length,
    ci95: [Math.min(ci95[0], medianMs), Math.max(ci95[1], medianMs)],
  };
}

/** How many times faster `ours` is: from the medians of neighbouring rounds. */
export function ratioOfSessions(
  theirs: SessionRounds,
  ours: SessionRounds,
): { readonly median: number; readonly ci95: readonly [number, number] } {
  const [a, b] = [mediansOf(theirs), mediansOf(ours)];
  return seriesInterval(a.map((session, s) => session.map((x, i) => x / (b[s]?.[i] ?? NaN)).filter((r) => Number.isFinite(r))));
}

/** What a picture of many measured times needs: how densely they lie, where the axis may end, which of them to draw. */

/** The value below which a share `q` of the sorted samples lies, with linear interpolation; NaN for none. */
export function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return NaN;
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? NaN;
  return low + ((sorted[Math.ceil(at)] ?? NaN) - low) * (at - Math.floor(at));
}

export const ascending = (samples: readonly number[]): number[] => samples.filter(Number.isFinite).sort((a, b) => a - b);

/** At most `most` of them in their order, evenly taken: the first and the last are among them. */
export function thinned<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  const step = (list.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => list[Math.round(i * step)] as T);
}

/**
 * Density of samples at places along an axis, the highest 1: a sum of normal curves as wide as Silverman's rule says, with the quartiles instead of
 * the deviation where those are closer, because times have a long tail.
 */
export function density(sorted: readonly number[], places: readonly number[]): number[] {
  const n = sorted.length;
  if (n === 0) return places.map(() => 0);
  const mean = sorted.reduce((sum, x) => sum + x, 0) / n;
  const deviation = Math.sqrt(sorted.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n);
  const quartiles = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.34;
  const spread = quartiles > 0 ? Math.min(deviation, quartiles) : deviation;
  const step = places.length > 1 ? Math.abs((places[1] as number) - (places[0] as number)) : 1;
  // Never narrower than the places are apart: a curve between two of them would not be seen.
  const width = Math.max(0.9 * spread * n ** -0.2, step);
  const at = places.map((place) => sorted.reduce((sum, x) => sum + Math.exp(-0.5 * ((x - place) / width) ** 2), 0));
  const highest = Math.max(...at);
  return at.map((value) => (highest > 0 ? value / highest : 0));
}

/** Where an axis of times begins and ends, and whether equal steps are equal ratios. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly log: boolean;
}

/** An axis need not show what lies further above the upper quartile than so many times the distance of the quartiles. */
const fence = 5;
/** From this ratio of medians on, equal steps are equal ratios. */
const farApart = 5;

function upperFence(list: readonly number[]): number {
  const [lower, upper] = [quantile(list, 0.25), quantile(list, 0.75)];
  const wide = Math.max(upper - lower, upper * 0.002);
  return Math.min(list[list.length - 1] as number, upper + fence * wide);
}

/** One axis for all candidates: from the fastest run on, the rarest slow ones of each left out (they are counted beside it). */
export function shownRange(candidates: readonly (readonly number[])[]): Range {
  const lists = candidates.filter((list) => list.length > 0);
  if (lists.length === 0) return { from: 0, to: 1, log: false };
  const low = Math.min(...lists.map((list) => list[0] as number));
  const high = Math.max(...lists.map(upperFence));
  const medians = lists.map((list) => quantile(list, 0.5));
  const log = low > 0 && Math.max(...medians) / Math.min(...medians) > farApart;
  const pad = log ? (high / low) ** 0.05 : (high - low) * 0.05 || high * 0.05 || 1;
  return log ? { from: low / pad, to: high * pad, log } : { from: Math.max(0, low - pad), to: high + pad, log };
}

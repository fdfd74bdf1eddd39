/** Horizontal pieces of ways between two layers: each gets a track, in an order that crosses little and never runs two ways into one. */

/** Edges that leave one place together: from `at` to each of `ends`. */
export interface Bundle {
  readonly at: number;
  readonly ends: readonly number[];
  readonly low: number;
  readonly high: number;
}

/** Ways closer than this look like one. */
const apart = 7;
/** Ways that are off by less are drawn as they are: a bend of few pixels looks like a mistake. */
export const straightEnough = 3;
/** An overlap is as bad as so many crossings. */
const overlapCost = 12;
/** More bundles than this are ordered by where they go alone. */
const mostCompared = 48;

export function bundleOf(at: number, ends: readonly number[]): Bundle {
  return { at, ends, low: Math.min(at, ...ends), high: Math.max(at, ...ends) };
}

/** Track of each bundle, counted in the direction of the flow; -1: it needs none, because it is straight. */
export function tracksOf(bundles: readonly Bundle[]): { readonly track: Int32Array; readonly tracks: number } {
  const track = new Int32Array(bundles.length).fill(-1);
  const bent = bundles.map((_, i) => i).filter((i) => (bundles[i]?.high ?? 0) - (bundles[i]?.low ?? 0) > straightEnough);
  const order = bent.length > mostCompared ? byWay(bent, bundles) : byCost(bent, bundles);
  /** By track: what lies on it. */
  const used: number[][] = [];
  for (const i of order) {
    const { low, high } = bundles[i] as Bundle;
    let free = used.length;
    while (
      free > 0 &&
      (used[free - 1] as number[]).every((j) => (bundles[j]?.high ?? 0) + apart < low || (bundles[j]?.low ?? 0) - apart > high)
    )
      free -= 1;
    (used[free] ??= []).push(i);
    track[i] = free;
  }
  return { track, tracks: used.length };
}

/** Those that go right from right to left, then those that go left from left to right: neighbours of one direction do not cross. */
function byWay(bent: readonly number[], bundles: readonly Bundle[]): readonly number[] {
  const right = (i: number): boolean => {
    const { at, low, high } = bundles[i] as Bundle;
    return high - at >= at - low;
  };
  const at = (i: number): number => bundles[i]?.at ?? 0;
  return [
    ...bent.filter(right).sort((a, b) => at(b) - at(a) || a - b),
    ...bent.filter((i) => !right(i)).sort((a, b) => at(a) - at(b) || a - b),
  ];
}

/** Takes in turn the one that is cheapest to have before all that remain. */
function byCost(bent: readonly number[], bundles: readonly Bundle[]): readonly number[] {
  const cost = bent.map((a) => bent.map((b) => (a === b ? 0 : before(bundles[a] as Bundle, bundles[b] as Bundle))));
  const left = bent.map((_, i) => i);
  const balance = left.map((a) => left.reduce((sum, b) => sum + (cost[a]?.[b] ?? 0) - (cost[b]?.[a] ?? 0), 0));
  const order: number[] = [];
  while (left.length > 0) {
    let best = 0;
    for (let k = 1; k < left.length; k += 1)
      if ((balance[left[k] as number] as number) < (balance[left[best] as number] as number)) best = k;
    const [taken] = left.splice(best, 1) as [number];
    order.push(bent[taken] as number);
    for (const other of left) balance[other]! -= (cost[other]?.[taken] ?? 0) - (cost[taken]?.[other] ?? 0);
  }
  return order;
}

/** Crossings and overlaps when bundle `a` turns before bundle `b`. */
function before(a: Bundle, b: Bundle): number {
  if (a.high + apart < b.low || b.high + apart < a.low) return 0;
  let cost = b.at > a.low && b.at < a.high ? 1 : 0;
  for (const end of a.ends) {
    if (end > b.low && end < b.high) cost += 1;
    if (Math.abs(end - b.at) < apart) cost += overlapCost;
  }
  return cost;
}

/** Sizes of caches as a chain of dependent loads sees them, held against what the system says. Pure. */
import type { MachineProfile } from "../machine.ts";

/** Nanoseconds per load for a working set of so many bytes. */
export interface LatencyPoint {
  readonly bytes: number;
  readonly ns: number;
}

export type CacheLevel = keyof MachineProfile["caches"];

export interface CacheStep {
  readonly level: CacheLevel;
  /** Bytes that the system says; 0: it does not. */
  readonly reported: number;
  /** Bytes at which loads become as slow as halfway (in factors) to the next level; null: no step was seen. */
  readonly seen: number | null;
  /** Nanoseconds per load inside of the level; null: not measured. */
  readonly ns: number | null;
  readonly agrees: boolean;
  /** What does not fit, and what that may mean. */
  readonly why?: string;
}

const levels: readonly CacheLevel[] = ["l1d", "l2", "l3"];

/** The next level must be slower by this factor for a step to be one. */
const leastRise = 1.25;
/** A step this near to the reported size (as a factor) agrees with it: replacement is not perfect, and neither are page colours. */
const near = 1.6;

/** Working sets that show the steps of these caches: half octaves from 4 KiB to four times the last cache, at most 512 MiB. */
export function latencySizes(caches: MachineProfile["caches"]): number[] {
  const largest = Math.min(2 ** 29, 4 * Math.max(caches.l3, caches.l2, 2 ** 25));
  const sizes: number[] = [];
  for (let bytes = 4096; bytes <= largest; bytes *= 2) sizes.push(bytes, bytes * 1.5);
  return sizes.filter((bytes) => bytes <= largest);
}

/** Each reported level with the step that the curve (ascending by bytes) shows for it. */
export function cacheSteps(points: readonly LatencyPoint[], caches: MachineProfile["caches"]): CacheStep[] {
  const known = levels.filter((level) => caches[level] > 0);
  return levels.map((level) => {
    const reported = caches[level];
    if (reported === 0) return { level, reported, seen: null, ns: null, agrees: false, why: "the system does not say how large it is" };
    const at = known.indexOf(level);
    const below = at === 0 ? 0 : caches[known[at - 1] as CacheLevel];
    const above = at === known.length - 1 ? Infinity : caches[known[at + 1] as CacheLevel];
    const inside = least(points.filter((p) => p.bytes > below * 1.2 && p.bytes <= reported * 0.8));
    // Behind the last cache the curve rises for long: memory is what its largest sets see.
    const outside =
      above === Infinity ? points.at(-1)?.ns : least(points.filter((p) => p.bytes >= reported * 1.9 && p.bytes <= above * 0.8));
    return step(
      level,
      reported,
      inside,
      outside,
      points.filter((p) => p.bytes > below),
    );
  });
}

function step(
  level: CacheLevel,
  reported: number,
  inside: number | undefined,
  outside: number | undefined,
  points: readonly LatencyPoint[],
): CacheStep {
  const found = { level, reported, ns: inside ?? null };
  if (inside === undefined || outside === undefined)
    return { ...found, seen: null, agrees: false, why: "no working set lies only in this level" };
  if (outside < inside * leastRise)
    return {
      ...found,
      seen: null,
      agrees: false,
      why: `loads beyond it are not slower (${inside.toFixed(1)} and ${outside.toFixed(1)} ns)`,
    };
  const seen = Math.round(crossing(points, Math.sqrt(inside * outside)));
  const factor = seen / reported;
  if (factor <= near && factor >= 1 / near) return { ...found, seen, agrees: true };
  const why =
    factor < 1
      ? "less than the system says: others share it, or a hypervisor gives out a part"
      : "more than the system says: a further cache behind it, or a hypervisor that reports another size";
  return { ...found, seen, agrees: false, why };
}

const least = (points: readonly LatencyPoint[]): number | undefined =>
  points.length === 0 ? undefined : Math.min(...points.map((p) => p.ns));

/** Where the curve rises above `ns` for good, between two points by their logarithms. */
function crossing(points: readonly LatencyPoint[], ns: number): number {
  const last = points.reduce((found, p, i) => (p.ns < ns ? i : found), -1);
  const from = points[last];
  const to = points[last + 1];
  if (from === undefined) return points[0]?.bytes ?? 0;
  if (to === undefined) return from.bytes;
  const share = Math.log(ns / from.ns) / Math.log(to.ns / from.ns);
  return from.bytes * (to.bytes / from.bytes) ** share;
}

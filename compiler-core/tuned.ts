/**
 * What a tuner has found: for a problem (kernel, sizes, instruction set, threads) the parameters that were measured to be faster than the ones
 * the cost model would choose. Entries are part of the machine profile, so that compilation stays a function of what it is given.
 */
import type { Refuse } from "./machine-check.ts";

export interface TunedEntry {
  /** As `gemmProblemKey` and `convProblemKey` write it. */
  readonly problem: string;
  readonly params: Readonly<Record<string, number | string>>;
  /** Time of the parameters that the cost model chose over that of these, with its 95 % interval; absent: not measured. */
  readonly gain?: { readonly median: number; readonly ci95: readonly [number, number] };
}

/** The entry for a problem; the last one wins. */
export const findTuned = (entries: readonly TunedEntry[] | undefined, problem: string): TunedEntry | undefined =>
  entries?.filter((e) => e.problem === problem).at(-1);

/** Entries with others put in place of those for the same problems. */
export function mergeTuned(entries: readonly TunedEntry[], newer: readonly TunedEntry[]): readonly TunedEntry[] {
  const known = new Set(newer.map((e) => e.problem));
  return [...entries.filter((e) => !known.has(e.problem)), ...newer];
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === "object" && v !== null && !Array.isArray(v);
const isRatio = (v: unknown): v is number => typeof v === "number" && Number.isFinite(v) && v > 0;

/** Reads entries from data of a file; `wrong` is called for the first thing that does not fit. */
export function checkTuned(data: unknown, wrong: Refuse): readonly TunedEntry[] {
  if (!Array.isArray(data)) return wrong("tuned is not a list");
  return data.map((entry: unknown, i): TunedEntry => {
    const at = `tuned[${i}]`;
    if (!isRecord(entry)) return wrong(`${at} is not an object`);
    const { problem, params, gain } = entry;
    if (typeof problem !== "string") return wrong(`${at}.problem is not a text`);
    if (!isRecord(params)) return wrong(`${at}.params is not an object`);
    for (const [name, value] of Object.entries(params))
      if (typeof value !== "string" && !Number.isSafeInteger(value)) wrong(`${at}.params.${name} is neither a whole number nor a word`);
    const known = { problem, params: params as TunedEntry["params"] };
    if (gain === undefined) return known;
    if (!isRecord(gain) || !isRatio(gain["median"])) return wrong(`${at}.gain.median is not a ratio`);
    const interval: unknown = gain["ci95"];
    if (!Array.isArray(interval) || interval.length !== 2 || !interval.every(isRatio)) return wrong(`${at}.gain.ci95 is not an interval`);
    return { ...known, gain: { median: gain["median"], ci95: [interval[0] as number, interval[1] as number] } };
  });
}

/** A result held against a stored one: slower, or only another day? */
import fs from "node:fs";
import { userError } from "../../messages.ts";
import type { BenchComparison, BenchResult, BenchWarning, CandidateSamples, Ratio } from "../../protocol/index.ts";
import { quantile, seriesInterval, sortNumbers, type SessionRounds } from "../statistics.ts";

/** How much slower, besides the interval, before it is called a regression. */
const regressionThreshold = 0.03;

export interface StoredResult {
  readonly file: string;
  readonly result: BenchResult;
}

/** Reads what `fusionscope bench --json` printed. Throws `file-unreadable` and `bench-stored`. */
export function readStoredResult(file: string): StoredResult {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (e) {
    return userError("file-unreadable", {}, { path: file, what: (e as NodeJS.ErrnoException).code ?? "it cannot be opened" }, e);
  }
  const wrong = (what: string): never => userError("bench-stored", {}, { path: file, what });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return wrong("it is not JSON");
  }
  if (typeof data !== "object" || data === null || !("ours" in data) || !("scope" in data)) return wrong("it has no times");
  const { ours } = data as { ours: unknown };
  const timing = ours as Partial<BenchResult["ours"]> | null;
  if (typeof timing?.medianMs !== "number" || !Array.isArray(timing.ci95)) return wrong("it has no median with an interval");
  return { file, result: data as BenchResult };
}

/** Rounds of one candidate by session, ns. */
function sessionsOf({ rounds, sessions }: CandidateSamples): SessionRounds {
  let at = 0;
  return (sessions ?? [rounds.length]).map((n) => rounds.slice(at, (at += n)));
}

interface Side {
  readonly median: number;
  readonly ci95: readonly [number, number];
}

/** Median and interval of ours, or of ours over a baseline round by round. */
function side(result: BenchResult, through: string | undefined): Side | undefined {
  const find = (name: string): SessionRounds | undefined => {
    const found = result.samples?.find((s) => s.candidate === name);
    return found === undefined ? undefined : sessionsOf(found);
  };
  const ours = find("ours");
  if (through === undefined) {
    const { medianMs, ci95 } = result.ours;
    return { median: medianMs, ci95 };
  }
  const other = find(through);
  if (ours === undefined || other === undefined) return undefined;
  const middle = (round: readonly number[]): number => quantile(sortNumbers(round), 0.5);
  return seriesInterval(ours.map((session, s) => session.map((round, i) => middle(round) / middle(other[s]?.[i] ?? []))));
}

/**
 * The ratio of two independent figures. Its interval comes from those of both, on a logarithmic scale (errors of independent figures add in
 * squares).
 */
export function ratioOfFigures(old: Side, now: Side): Ratio {
  const median = old.median / now.median;
  const log = (x: number): number => Math.log(x);
  const below = Math.hypot(log(old.median / old.ci95[0]), log(now.ci95[1] / now.median));
  const above = Math.hypot(log(old.ci95[1] / old.median), log(now.median / now.ci95[0]));
  return { median, ci95: [median * Math.exp(-below), median * Math.exp(above)] };
}

/** A baseline of the same version in both results: what the machine does to one it does to the other. */
function sharedBaseline(old: BenchResult, now: BenchResult): string | undefined {
  return ["ort", "onednn"].find((name) => {
    const [a, b] = [old.baselines[name]?.version, now.baselines[name]?.version];
    return a !== undefined && a === b && side(old, name) !== undefined && side(now, name) !== undefined;
  });
}

/** Was ours faster in the stored result? A regression is slower by more than the threshold, with an interval that excludes 1. */
export function compareWithStored({ file, result: old }: StoredResult, now: BenchResult): BenchComparison {
  const through = sharedBaseline(old, now);
  const [before, after] = [side(old, through), side(now, through)];
  const ratio = ratioOfFigures(
    before ?? { median: old.ours.medianMs, ci95: old.ours.ci95 },
    after ?? { median: now.ours.medianMs, ci95: now.ours.ci95 },
  );
  return {
    with: file,
    date: old.machine?.date ?? null,
    ratio,
    ...(through === undefined ? { method: "absolute" as const } : { method: "paired" as const, through }),
    threshold: regressionThreshold,
    regression: ratio.ci95[1] < 1 && ratio.median < 1 - regressionThreshold,
  };
}

/** What makes the two hard to compare. */
export function comparisonWarnings({ file, result: old }: StoredResult, now: BenchResult): BenchWarning[] {
  const differing = [
    ...(old.modelHash !== undefined && now.modelHash !== undefined && old.modelHash !== now.modelHash ? ["the model was another"] : []),
    ...(old.machine !== undefined && now.machine !== undefined && old.machine.cpu !== now.machine.cpu
      ? [`the CPU was ${old.machine.cpu}`]
      : []),
    ...(["isa", "threads", "precision", "scope", "cache"] as const)
      .filter((key) => old[key] !== undefined && old[key] !== now[key])
      .map((key) => `${key} was ${old[key]}`),
    ...(Math.abs(old.flops - now.flops) > 0.001 * now.flops ? ["the work was another"] : []),
  ];
  return differing.length === 0 ? [] : [{ kind: "other-machine", text: `${file} was measured differently: ${differing.join(", ")}` }];
}

/** The last word on tuned parameters: the part with the problem, built by the compiler with each of them, timed in turns. */
import { bug } from "../../messages.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import type { TuneFinal } from "../../protocol/index.ts";
import type { RunnerBenchCandidate } from "../../protocol/runner.ts";
import { pairedRatio, quantile, sortNumbers, timing } from "../statistics.ts";
import { buildCode, type BuiltCode } from "./build.ts";
import { NativeHost } from "./native-host.ts";
import type { Budget } from "./tune-budget.ts";
import { TunedPart, type PartSettings, type PartSubject } from "./tune-part.ts";

export interface FinalSettings extends PartSettings {
  readonly budget: Budget;
  readonly onStep?: (text: string, done: number | null) => void;
}

/** Of the seconds that are left, what is for a run of all candidates, and for the winner's. */
const [allShare, winnerShare] = [1 / 3, 1 / 3];

/**
 * Builds `before` and as many of the others as there is time for; the best of a first run meets `before` in a second one, in a process of its own.
 * `seconds`: of which the rest goes to the two runs.
 */
export async function finalRun(
  subject: PartSubject,
  before: Params,
  others: readonly Params[],
  settings: FinalSettings,
  seconds: number,
): Promise<{ readonly final: TuneFinal; readonly point: Params } | { readonly because: string }> {
  const { budget } = settings;
  const end = performance.now() + 1000 * Math.min(seconds, budget.left());
  const part = await TunedPart.open(subject, settings);
  try {
    const points = [before, ...others.filter((_, i) => i === 0 || budget.allows("part", i + 2))];
    if (!budget.allows("part", 2)) return { because: "the budget leaves no time to build the best as the compiler would" };
    settings.onStep?.(`building the best ${points.length - 1}`, 0.75);
    const codes = points.map((point) => part.codeOf(point)).filter((code) => code !== undefined);
    if (codes.length < points.length) return { because: "cut out of its model, it is computed in another way" };
    const built: BuiltCode[] = [];
    for (const code of codes) built.push(await budget.timed("part", () => buildCode(code, settings)));
    // The same code can come of two points: only different ones are worth a run.
    const distinct = built.map((_, i) => i).filter((i) => i === 0 || built.findIndex((b) => b.hash === built[i]?.hash) === i);
    if (distinct.length === 1) return { because: "the best points give the same code as before" };
    const left = (): number => Math.min(budget.left(), Math.max(0.5, (end - performance.now()) / 1000));
    const time = async (chosen: readonly BuiltCode[], share: number): Promise<readonly RunnerBenchCandidate[]> => {
      const host = await NativeHost.start(settings);
      try {
        const candidates = [];
        for (const [i, b] of chosen.entries()) candidates.push(await part.candidate(host, b, `point ${i}`));
        const most = Math.min(share * 2 * left(), 0.9 * left());
        return await part.inTurns(host, candidates, { least: Math.min(share * left(), most), most, runs: 30 });
      } finally {
        await host.close();
      }
    };
    settings.onStep?.("timing them in turns", 0.85);
    const first = await time(
      distinct.map((i) => built[i]!),
      allShare,
    );
    const medians = first.slice(0, distinct.length).map((c) => quantile(sortNumbers(c.ns.flat()), 0.5));
    const best = medians.reduce((b, ns, i) => (i > 0 && (b === 0 || ns < (medians[b] ?? Infinity)) ? i : b), 0);
    settings.onStep?.("timing the winner against what would be chosen", 0.92);
    const chosen = distinct[best] ?? bug("no winner");
    const [old, winner, control] = await time([built[0]!, built[chosen]!], winnerShare);
    if (old === undefined || winner === undefined || control === undefined) return bug("the runner left a candidate out");
    const ratio = pairedRatio(rounds(old), rounds(winner));
    const ms = (c: RunnerBenchCandidate): number[] => c.ns.flat().map((ns) => ns / 1e6);
    const final: TuneFinal = {
      before: timing(ms(old)),
      after: timing(ms(winner)),
      ratio,
      control: pairedRatio(rounds(control), rounds(old)),
      taken: ratio.ci95[0] > 1,
    };
    return { final, point: points[chosen] ?? bug("no winner") };
  } finally {
    part.close();
  }
}

const rounds = (c: RunnerBenchCandidate): number[] => c.ns.map((round) => quantile(sortNumbers(round), 0.5));

/** The last word on tuned parameters: the part with the product, built by the compiler with each of them, timed in turns. */
import { compile, type Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import type { CppSource } from "../../codegen/index.ts";
import { bug } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import type { GemmPoint } from "../../passes/2-lower/gemm-space.ts";
import type { TuneFinal } from "../../protocol/index.ts";
import type { RunnerBenchCandidate } from "../../protocol/runner.ts";
import { mergeTuned } from "../../tuned.ts";
import { pairedRatio, quantile, sortNumbers, timing } from "../statistics.ts";
import { groupSources } from "./bench.ts";
import { buildCode, type BuildSettings, type BuiltCode } from "./build.ts";
import { cutModel, type CutModel } from "./cut.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost, type HostSettings } from "./native-host.ts";
import { modelInputs } from "./run-inputs.ts";
import { Scratch } from "./scratch.ts";

/** What is timed: a group that computes the problem, cut out of its model. */
export interface FinalSubject {
  readonly model: SessionModel;
  readonly compilation: Compilation;
  readonly options: CompileOptions;
  readonly machine: MachineProfile;
  readonly key: string;
  readonly group: number;
}

export interface FinalSettings extends BuildSettings, HostSettings {
  readonly seed: number;
  readonly onStep?: (text: string, done: number | null) => void;
}

/** Builds `before` and the others; the best of a first run meets `before` in a second one, in a process of its own. */
export async function finalRun(
  subject: FinalSubject,
  before: GemmPoint,
  others: readonly GemmPoint[],
  settings: FinalSettings,
  seconds: number,
): Promise<{ readonly final: TuneFinal; readonly point: GemmPoint } | { readonly because: string }> {
  const { model, compilation, machine } = subject;
  const scratch = new Scratch();
  const sources = groupSources(compilation, subject.group);
  const inputs = modelInputs(model, compilation, settings);
  const cut = await cutModel(model, compilation, machine, sources, scratch.path("part.onnx"), { ...settings, inputs });
  try {
    const points = [before, ...others];
    settings.onStep?.(`building the best ${others.length}`, 0.75);
    const codes = points.map((point) => codeOf(subject, cut, point)).filter((code) => code !== undefined);
    if (codes.length < points.length) return { because: "cut out of its model, the product is computed in another way" };
    const built = await Promise.all(codes.map((code) => buildCode(code, settings)));
    // The same code can come of two points: only different ones are worth a run.
    const distinct = built.map((_, i) => i).filter((i) => i === 0 || built.findIndex((b) => b.hash === built[i]?.hash) === i);
    if (distinct.length === 1) return { because: "the best points give the same code as before" };
    settings.onStep?.("timing them in turns", 0.85);
    const first = await inTurns(
      distinct.map((i) => built[i]!),
      cut,
      settings,
      seconds / 3,
    );
    const medians = first.map((c) => quantile(sortNumbers(c.ns.flat()), 0.5));
    const best = medians.reduce((b, ns, i) => (i > 0 && (b === 0 || ns < (medians[b] ?? Infinity)) ? i : b), 0);
    settings.onStep?.("timing the winner against what would be chosen", 0.92);
    const chosen = distinct[best] ?? bug("no winner");
    const [old, winner, control] = await inTurns([built[0]!, built[chosen]!], cut, settings, seconds / 3);
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
    cut.model.close();
    scratch.close();
  }
}

const rounds = (c: RunnerBenchCandidate): number[] => c.ns.map((round) => quantile(sortNumbers(round), 0.5));

/** The code with a point forced on the product; undefined: it has no such product. Throws the error of the pass that failed. */
function codeOf({ options, machine, key }: FinalSubject, cut: CutModel, point: GemmPoint): CppSource | undefined {
  const entry = { problem: key, params: { ...point } };
  const profile = { ...machine, tuned: mergeTuned(machine.tuned ?? [], [entry]) };
  const { onlyUntil: _, ...rest } = options;
  const made = compile(cut.model.graph, { ...rest, dims: {}, force: [], forbid: [] }, profile, { now: () => performance.now() });
  if (made.error !== undefined) throw made.error;
  const used = made.verdicts.some((v) => v.rule === "choose-tiles/tuned" && v.accepted);
  return used ? made.source : undefined;
}

/** Every candidate, and the first once more. */
async function inTurns(
  built: readonly BuiltCode[],
  cut: CutModel,
  settings: FinalSettings,
  seconds: number,
): Promise<readonly RunnerBenchCandidate[]> {
  const host = await NativeHost.start(settings);
  try {
    const names = built[0]?.plan.inputs.map((i) => i.name) ?? [];
    const inputs = host.inputFiles(names, cut.inputs);
    const loaded = [];
    for (const [i, b] of built.entries()) loaded.push(await host.load(b, `point ${i}`));
    const timed = await host.client.request(
      "bench",
      {
        candidates: loaded.map((m) => ({ target: m.target, label: m.name, inputs })),
        aa: true,
        minSeconds: seconds,
        minRuns: 30,
        maxSeconds: Math.max(2 * seconds, 2),
        burstMs: 2,
      },
      { ...host.request(), timeoutMs: 1000 * (60 + 4 * seconds) },
    );
    return timed.candidates;
  } finally {
    await host.close();
  }
}

/**
 * The tuner: for each distinct product of a compilation it searches the space of the template's parameters with one harness build, then builds the
 * best few as the compiler would, and takes the winner only if a fresh paired run says so.
 */
import type { Compilation } from "../../compile.ts";
import { bug, UserError, userError } from "../../messages.ts";
import type { Group } from "../../graph/ir.ts";
import type { MachineProfile } from "../../machine.ts";
import type { CompileOptions } from "../../options.ts";
import { gemmProblem, pointOfParams } from "../../passes/2-lower/gemm-problem.ts";
import { gemmProblemKey, pointKey, type GemmPoint, type GemmProblem } from "../../passes/2-lower/gemm-space.ts";
import { coreFigures, pointText, predictGemm } from "../../passes/2-lower/gemm-cost.ts";
import type { TunedPoint, TunedProblem, TuneResult } from "../../protocol/index.ts";
import { gemmShape } from "../../templates/gemm-shape.ts";
import { compilationSummary } from "../../trace/summary.ts";
import type { TunedEntry } from "../../tuned.ts";
import { randomSource } from "../random-inputs.ts";
import { RunnerClient } from "../runner-client.ts";
import { keepTuned } from "../tuned-store.ts";
import type { BuildSettings } from "./build.ts";
import type { SessionModel } from "./model.ts";
import type { HostSettings } from "./native-host.ts";
import { gemmMeasure, gemmSearchSpace, gemmStart, type GemmTry } from "./tune-gemm.ts";
import { GemmHarness, harnessRefusal } from "./tune-harness.ts";
import { finalRun, type FinalSubject } from "./tune-final.ts";
import { search, type Explored } from "./tune-search.ts";

export interface TuneSettings extends BuildSettings, HostSettings {
  /** For all problems together; building the harnesses counts. */
  readonly budgetSeconds: number;
  /** Points of each problem, as long as there is time. */
  readonly points: number;
  readonly seed: number;
  /** Only these groups; absent: all. */
  readonly groups?: readonly number[];
  /** Keep what is taken for `--tuned`. */
  readonly keep: boolean;
  readonly onStep?: (text: string, done: number | null) => void;
}

interface Found {
  readonly problem: GemmProblem;
  readonly key: string;
  readonly groups: readonly Group[];
  readonly before: GemmPoint;
}

/** The distinct products that can be tuned, and the groups that compute them. */
export function tunableProblems(compilation: Compilation, only: readonly number[] | undefined): readonly Found[] {
  const { graph, options, machine } = compilation;
  const found = new Map<string, { problem: GemmProblem; groups: Group[]; before: GemmPoint }>();
  for (const group of graph.groups) {
    if (group.template !== "matmul" || group.params["kernel"] !== "gemm_f32" || group.phase !== "run") continue;
    if (only !== undefined && !only.includes(group.id)) continue;
    const node = graph.nodes.find((n) => n.id === group.leader) ?? bug(`group ${group.id} has no leader`);
    const made = gemmProblem(graph, node, gemmShape(graph, node), { options, machine });
    // A constant B can be packed to panels of any width.
    const { panel: _, ...problem } = made;
    const key = gemmProblemKey(problem);
    const known = found.get(key);
    if (known === undefined) found.set(key, { problem, groups: [group], before: pointOfParams(group.params, problem) });
    else known.groups.push(group);
  }
  return [...found].map(([key, f]) => ({ key, ...f })).sort((a, b) => weight(b) - weight(a));
}

const flopsOf = ({ m, n, k, batch }: GemmProblem): number => 2 * m * n * k * batch;
const weight = ({ problem, groups }: Pick<Found, "problem" | "groups">): number => flopsOf(problem) * groups.length;

/**
 * Tunes the products of a model, the ones with most work first, and keeps what was found. A problem that cannot be tuned is listed with the reason.
 * Throws `tune-nothing`, `group-unknown` and `cancelled`.
 */
export async function tuneModel(
  model: SessionModel,
  compilation: Compilation,
  options: CompileOptions,
  machine: MachineProfile,
  settings: TuneSettings,
): Promise<TuneResult> {
  const unknown = settings.groups?.find((id) => !compilation.graph.groups.some((g) => g.id === id));
  if (unknown !== undefined)
    userError("group-unknown", {}, { group: unknown, groups: compilation.graph.groups.map((g) => g.id).join(", ") || "none" });
  const found = tunableProblems(compilation, settings.groups);
  if (found.length === 0) userError("tune-nothing", {}, { model: model.name });
  const begun = performance.now();
  const problems: TunedProblem[] = [];
  const taken: TunedEntry[] = [];
  for (const [i, f] of found.entries()) {
    const left = settings.budgetSeconds - (performance.now() - begun) / 1000;
    const seconds = left / (found.length - i);
    const onStep = (text: string, done: number | null): void =>
      settings.onStep?.(`${f.key}: ${text}`, done === null ? null : (i + done) / found.length);
    const tuned = await tuneOne(model, compilation, options, machine, f, { ...settings, onStep }, seconds);
    problems.push(tuned.problem);
    if (tuned.entry !== undefined) taken.push(tuned.entry);
  }
  const kept = settings.keep && taken.length > 0 ? keepTuned(machine, taken) : null;
  const { isa } = compilationSummary(compilation);
  const { threads } = options;
  return { isa, threads, budgetSeconds: settings.budgetSeconds, seconds: (performance.now() - begun) / 1000, problems, kept };
}

/** Share of a problem's time that is for the search; the rest is for building and timing the best. */
const searchShare = 0.6;
/** Points that are built as the compiler would. */
const finalists = 3;
/** Rows of the table of the best. */
const shown = 10;

async function tuneOne(
  model: SessionModel,
  compilation: Compilation,
  options: CompileOptions,
  machine: MachineProfile,
  found: Found,
  settings: TuneSettings,
  seconds: number,
): Promise<{ readonly problem: TunedProblem; readonly entry?: TunedEntry }> {
  const { problem: p, key, groups, before } = found;
  const begun = performance.now();
  const base = { problem: key, groups: groups.map((g) => g.id), flops: flopsOf(p) };
  const nothing = { points: 0, measurements: 0, before: null, best: [], rankCorrelation: null, final: null };
  const skipped = (why: string) => ({ problem: { ...base, ...nothing, seconds: (performance.now() - begun) / 1000, why } });
  if (seconds <= 0) return skipped("the budget was used up before it");
  const refused = harnessRefusal(p);
  if (refused !== undefined) return skipped(refused);
  const explored = await explore(p, machine, before, settings, seconds * searchShare).catch(notCancelled);
  if (explored instanceof UserError) return skipped(explored.message);
  const { result, pointsOf } = explored;
  const points = { points: result.explored.length, measurements: result.measurements, rankCorrelation: result.rankCorrelation };
  const own = result.explored.find((e) => pointKey(e.choice.point) === pointKey(before));
  const measured = {
    ...base,
    ...points,
    before: own === undefined ? null : pointsOf(own),
    best: result.explored.slice(0, shown).map(pointsOf),
  };
  const better = result.explored
    .filter((e) => pointKey(e.choice.point) !== pointKey(before) && (own === undefined || e.ns < own.ns))
    .slice(0, finalists)
    .map((e) => e.choice.point);
  const done = (final: TunedProblem["final"], why?: string): TunedProblem => ({
    ...measured,
    final,
    seconds: (performance.now() - begun) / 1000,
    ...(why === undefined ? {} : { why }),
  });
  if (better.length === 0) return { problem: done(null, "nothing measured was faster than what would be chosen anyway") };
  const subject: FinalSubject = { model, compilation, options, machine, key, group: groups[0]?.id ?? 0 };
  const left = Math.max(1, seconds - (performance.now() - begun) / 1000);
  const final = await finalRun(subject, before, better, settings, left).catch(notCancelled);
  if (final instanceof UserError) return { problem: done(null, `its part could not be built and timed: ${final.message}`) };
  if ("because" in final) return { problem: done(null, final.because) };
  const why = final.final.taken ? undefined : "the interval does not say that the best is faster";
  const gain = { median: final.final.ratio.median, ci95: final.final.ratio.ci95 };
  const entry: TunedEntry | undefined = final.final.taken ? { problem: key, params: { ...final.point }, gain } : undefined;
  return { problem: done(final.final, why), ...(entry === undefined ? {} : { entry }) };
}

function notCancelled(e: unknown): UserError {
  if (!(e instanceof UserError) || e.code === "cancelled") throw e;
  return e;
}

async function explore(p: GemmProblem, machine: MachineProfile, before: GemmPoint, settings: TuneSettings, seconds: number) {
  const figures = coreFigures(machine, p.isa, p.threads);
  const client = await RunnerClient.start();
  try {
    const begun = performance.now();
    settings.onStep?.("building the harness", 0);
    const harness = await GemmHarness.open(client, p, settings, settings.seed);
    try {
      const space = gemmSearchSpace(p, machine);
      const result = await search<GemmTry>(space, {
        start: gemmStart(p, machine, before),
        measure: gemmMeasure(harness, space),
        // Built once and kept, but a first build must not leave the search without time.
        seconds: Math.max(seconds / 2, seconds - (performance.now() - begun) / 1000),
        points: settings.points,
        random: randomSource(settings.seed),
        now: () => performance.now() / 1000,
        onProgress: (fraction, points) => {
          if (settings.signal?.aborted === true) userError("cancelled", {});
          settings.onStep?.(`${points} points`, 0.7 * fraction);
        },
      });
      const pointsOf = ({ choice, ns }: Explored<GemmTry>): TunedPoint => ({
        params: { ...choice.point },
        text: pointText(choice.point),
        predictedNs: predictGemm(figures, p, choice.point),
        measuredNs: ns * p.batch,
      });
      return { result, pointsOf };
    } finally {
      await harness.close();
    }
  } finally {
    await client.close();
  }
}

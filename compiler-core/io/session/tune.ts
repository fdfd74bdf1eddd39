/**
 * The tuner: for each distinct problem of a compilation (products, convolutions, chains of them) it searches the space of the template's parameters,
 * then builds the best few as the compiler would, and takes the winner only if a fresh paired run says so.
 */
import type { Compilation } from "../../compile.ts";
import { UserError, userError } from "../../messages.ts";
import type { Group } from "../../graph/ir.ts";
import type { MachineProfile } from "../../machine.ts";
import type { CompileOptions } from "../../options.ts";
import type { Params } from "../../passes/2-lower/gemm-problem.ts";
import { countPoints, neighboursOf, paramSpace, paramsKey, type Choice, type ParamSpace } from "../../passes/2-lower/params/index.ts";
import type { TunedPoint, TunedProblem, TuneResult } from "../../protocol/index.ts";
import { compilationSummary } from "../../trace/summary.ts";
import type { TunedEntry } from "../../tuned.ts";
import { buildRunner } from "../native-build.ts";
import { randomSource } from "../random-inputs.ts";
import { keepTuned } from "../tuned-store.ts";
import type { BuildSettings } from "./build.ts";
import type { SessionModel } from "./model.ts";
import type { HostSettings } from "./native-host.ts";
import { Budget } from "./tune-budget.ts";
import { finalRun } from "./tune-final.ts";
import { openMeasurer, type Measurer } from "./tune-measure.ts";
import type { PartSubject } from "./tune-part.ts";
import { search, type Explored, type SearchResult, type SearchSpace } from "./tune-search.ts";

export interface TuneSettings extends BuildSettings, HostSettings {
  /** For all problems together, builds and all: a hard limit. */
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
  readonly space: ParamSpace;
  readonly key: string;
  readonly groups: readonly Group[];
}

/** The distinct problems that can be tuned, and the groups that compute them: most work first. */
export function tunableProblems({ graph, options, machine }: Compilation, only: readonly number[] | undefined): readonly Found[] {
  const found = new Map<string, { space: ParamSpace; groups: Group[] }>();
  for (const group of graph.groups) {
    if (only !== undefined && !only.includes(group.id)) continue;
    const space = paramSpace(graph, group.id, { options, machine });
    if ("why" in space) continue;
    const known = found.get(space.key);
    if (known === undefined) found.set(space.key, { space, groups: [group] });
    else known.groups.push(group);
  }
  return [...found].map(([key, f]) => ({ key, ...f })).sort((a, b) => weight(b) - weight(a));
}

const weight = ({ space, groups }: Pick<Found, "space" | "groups">): number => space.flops * groups.length;

/**
 * Tunes the problems of a model, the ones with most work first, and keeps what was found. A problem that cannot be tuned is listed with the reason.
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
  // Built once for all, and no part of any budget.
  settings.onStep?.("building the runner", null);
  await buildRunner();
  const begun = performance.now();
  const budget = new Budget(settings.budgetSeconds, settings.signal);
  const problems: TunedProblem[] = [];
  const taken: TunedEntry[] = [];
  try {
    for (const [i, f] of found.entries()) {
      const onStep = (text: string, done: number | null): void =>
        settings.onStep?.(`${f.key}: ${text}`, done === null ? null : (i + done) / found.length);
      const subject: PartSubject = { model, compilation, options, machine, key: f.key, group: f.groups[0]?.id ?? 0 };
      const own = { ...settings, onStep, signal: budget.signal, budget };
      const tuned = await tuneOne(subject, f, own, budget.left() / (found.length - i));
      problems.push(tuned.problem);
      if (tuned.entry !== undefined) taken.push(tuned.entry);
    }
  } finally {
    budget.close();
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

interface OneSettings extends TuneSettings {
  readonly budget: Budget;
}

async function tuneOne(
  subject: PartSubject,
  { space, key, groups }: Found,
  settings: OneSettings,
  seconds: number,
): Promise<{ readonly problem: TunedProblem; readonly entry?: TunedEntry }> {
  const { budget } = settings;
  const begun = performance.now();
  const size = countPoints(space);
  const base = { problem: key, groups: groups.map((g) => g.id), flops: space.flops, space: size };
  const nothing = { points: 0, measurements: 0, before: null, best: [], rankCorrelation: null, final: null };
  const skipped = (why: string) => ({ problem: { ...base, ...nothing, seconds: (performance.now() - begun) / 1000, why } });
  /** Errors that end this problem alone. */
  const reason = (e: unknown): { readonly why: string } => {
    if (budget.ended(e)) return { why: "the budget ended while it was built or measured" };
    if (!(e instanceof UserError) || e.code === "cancelled") throw e;
    return { why: e.message };
  };
  if (seconds <= 0 || budget.left() <= 0) return skipped("the budget was used up before it");
  const result = await explore(space, subject, settings, seconds * searchShare).catch(reason);
  if ("why" in result) return skipped(result.why);
  const before = paramsKey(space.before);
  const isBefore = (e: Explored<Try>): boolean => paramsKey(e.choice.point) === before;
  const own = result.explored.find(isBefore);
  const pointsOf = ({ choice, ns }: Explored<Try>): TunedPoint => ({
    params: choice.point,
    text: space.textOf(choice.point),
    predictedNs: space.predict(choice.point),
    measuredNs: ns,
  });
  const measured = {
    ...base,
    points: result.explored.length,
    measurements: result.measurements,
    rankCorrelation: result.rankCorrelation,
    before: own === undefined ? null : pointsOf(own),
    best: result.explored.slice(0, shown).map(pointsOf),
  };
  const better = result.explored
    .filter((e) => !isBefore(e) && (own === undefined || e.ns < own.ns))
    .slice(0, finalists)
    .map((e) => e.choice.point);
  const done = (final: TunedProblem["final"], why?: string): TunedProblem => ({
    ...measured,
    final,
    seconds: (performance.now() - begun) / 1000,
    ...(why === undefined ? {} : { why }),
  });
  if (better.length === 0) return { problem: done(null, "nothing measured was faster than what would be chosen anyway") };
  const left = Math.max(1, seconds - (performance.now() - begun) / 1000);
  const final = await finalRun(subject, space.before, better, settings, left).catch(reason);
  if ("why" in final) return { problem: done(null, `its part could not be built and timed: ${final.why}`) };
  if ("because" in final) return { problem: done(null, final.because) };
  const why = final.final.taken ? undefined : "the interval does not say that the best is faster";
  const gain = { median: final.final.ratio.median, ci95: final.final.ratio.ci95 };
  const entry: TunedEntry | undefined = final.final.taken ? { problem: key, params: { ...final.point }, gain } : undefined;
  return { problem: done(final.final, why), ...(entry === undefined ? {} : { entry }) };
}

/** A point, with the choice that its neighbours are found from; a point from elsewhere has none, and no neighbours. */
interface Try {
  readonly point: Params;
  readonly choice?: Choice;
}

/** How many of the cost model's best a search begins with. */
const ranked = 12;

async function explore(
  space: ParamSpace,
  subject: PartSubject,
  settings: OneSettings,
  seconds: number,
): Promise<SearchResult<Try> | { readonly why: string }> {
  const begun = performance.now();
  settings.onStep?.("building the harness", 0);
  const measurer = await openMeasurer(space, subject, { ...settings, seconds });
  if ("why" in measurer) return measurer;
  try {
    return await search<Try>(searchSpace(space, measurer), {
      start: startOf(space, measurer),
      measure: (tries) => measurer.measure(tries.map((t) => t.point)),
      pace: measurer.pace,
      // Built once and kept, but a first build must not leave the search without time.
      seconds: Math.min(settings.budget.left(), Math.max(seconds / 2, seconds - (performance.now() - begun) / 1000)),
      points: settings.points,
      random: randomSource(settings.seed),
      now: () => performance.now() / 1000,
      onProgress: (fraction, points) => {
        if (settings.signal?.aborted === true) userError("cancelled", {});
        settings.onStep?.(`${points} points`, 0.7 * fraction);
      },
    });
  } finally {
    await measurer.close();
  }
}

const tryOf = (space: ParamSpace, choice: Choice): Try => ({ choice, point: space.pointOf(choice) });

function searchSpace(space: ParamSpace, { isMeasurable }: Measurer): SearchSpace<Try> {
  const drawn = (random: () => number): Try =>
    tryOf(
      space,
      space.axes.map(({ values }) => Math.floor(random() * values.length)),
    );
  return {
    key: ({ point }) => paramsKey(point),
    predict: ({ point }) => space.predict(point),
    random: (random) => {
      for (let i = 0; i < 20; i++) {
        const made = drawn(random);
        if (isMeasurable(made.point)) return made;
      }
      return tryOf(space, space.chosen);
    },
    neighbours: ({ choice }) =>
      choice === undefined
        ? []
        : neighboursOf(space, choice)
            .map((c) => tryOf(space, c))
            .filter((t) => isMeasurable(t.point)),
  };
}

/** Where a search begins: the point that would be chosen, and the first that the model ranks. */
function startOf(space: ParamSpace, { isMeasurable }: Measurer): readonly Try[] {
  const best = space
    .ranked()
    .slice(0, ranked)
    .map((choice) => tryOf(space, choice));
  const near = tryOf(space, space.chosen);
  const own = paramsKey(near.point) === paramsKey(space.before) ? near : { point: space.before };
  return [own, ...best].filter((t) => isMeasurable(t.point));
}

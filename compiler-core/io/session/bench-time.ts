/** Times a model beside its baselines, in several processes one after the other, and says what the samples say. */
import os from "node:os";
import type { Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { bug } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import type { BenchResult, CandidateSamples, CounterValue, Ratio } from "../../protocol/index.ts";
import type { PeaksResult, RunnerBenchCandidate, RunnerBenchResult, TensorFileRef } from "../../protocol/runner.ts";
import { compilationSummary } from "../../trace/summary.ts";
import { localMachine } from "../machine-profile.ts";
import { ratioOfSessions, timingOfSessions, type SessionRounds } from "../statistics.ts";
import { packageVersion } from "../package-root.ts";
import { baselineNames, loadBaselines, storedPrefix, type LoadedBaseline, type MissingBaseline } from "./bench-baselines.ts";
import { comparisonWarnings, compareWithStored, ratioOfFigures, readStoredResult, type StoredResult } from "./bench-compare.ts";
import { benchMachine, benchWarnings, loadNow } from "./bench-machine.ts";
import { counterValue, observe, withObserved, type Observed } from "./bench-observe.ts";
import { kernelNames, timeRegions } from "./bench-regions.ts";
import type { BenchOutcome, BenchSettings } from "./bench.ts";
import { buildCode, type BuiltCode } from "./build.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost, type LoadedModel } from "./native-host.ts";
import type { RunValue } from "./run-value.ts";

/** What is timed: a model with its code, and inputs. */
export interface TimedSubject {
  readonly model: SessionModel;
  readonly compilation: Compilation;
  readonly inputs: readonly RunValue[];
  readonly scope: string;
  readonly notes: readonly string[];
}

/** One process: its candidates and what they measured. */
interface Session {
  readonly timed: RunnerBenchResult;
  readonly loaded: readonly LoadedBaseline[];
  readonly missing: readonly MissingBaseline[];
  readonly peaks?: PeaksResult;
  readonly regions?: Awaited<ReturnType<typeof timeRegions>>;
  readonly observed?: Observed;
}

/**
 * Each process draws addresses and pages anew. The range of five medians holds the true one with 94 %, whatever their distribution is. Short
 * measurements have one.
 */
const sessionCount = ({ seconds, runs, sessions }: BenchSettings): number => sessions ?? (seconds >= 0.5 && runs === undefined ? 5 : 1);

/** @throws baseline-missing, bench-stored, and the errors of building and running */
export async function timeSubject(
  subject: TimedSubject,
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
  modelHash?: string,
): Promise<BenchOutcome> {
  const begun = { date: new Date(), load: loadNow() };
  const stored = storedBaselines(settings);
  const compared = settings.compare === undefined ? undefined : readStoredResult(settings.compare);
  const source = subject.compilation.source ?? bug("there is no code to time");
  settings.onStep?.("building", null);
  const built = await buildCode(source, settings);
  const count = sessionCount(settings);
  const sessions: Session[] = [];
  for (let i = 0; i < count; i++) sessions.push(await oneSession(subject, built, options, machine, settings, { of: count, index: i }));
  const observed = sessions.at(-1)?.observed ?? { notes: [] };
  const result = withObserved(summarise(subject, options, machine, settings, built, begun, sessions), localMachine(), observed);
  const first = sessions[0] ?? bug("nothing was measured");
  const withStored = addStored(result, stored);
  const comparison = compared === undefined ? {} : { comparison: compareWithStored(compared, withStored) };
  const doubts = [...stored, ...(compared === undefined ? [] : [compared])].flatMap((s) =>
    comparisonWarnings(s, { ...withStored, modelHash }),
  );
  return {
    result: { ...withStored, ...comparison, warnings: [...(withStored.warnings ?? []), ...doubts] },
    missing: first.missing,
    notes: [...subject.notes, ...observed.notes, ...first.loaded.flatMap((b) => (b.note === undefined ? [] : [b.note]))],
  };
}

const storedBaselines = ({ baselines }: BenchSettings): StoredResult[] =>
  baselines.filter((b) => b.startsWith(storedPrefix)).map((b) => readStoredResult(b.slice(storedPrefix.length)));

async function oneSession(
  subject: TimedSubject,
  built: BuiltCode,
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
  { of, index }: { readonly of: number; readonly index: number },
): Promise<Session> {
  const host = await NativeHost.start(settings);
  const { plan } = built;
  try {
    const inputs = host.inputFiles(
      plan.inputs.map((i) => i.name),
      subject.inputs,
    );
    const ours = await host.load(built);
    const asked = settings.baselines.filter((b) => (baselineNames as readonly string[]).includes(b));
    const { usual, against } = settings;
    const names = [...asked, ...(usual === undefined ? [] : ["default"]), ...(against === undefined ? [] : ["other"])];
    const about = { model: subject.model, options, machine, usual, against, ours, inputs };
    const { loaded, missing } = await loadBaselines(host, about, names, settings.needBaselines === true, settings);
    const models = [ours, ...loaded.map((b) => b.loaded)];
    const onProgress = (fraction: number): void => settings.onStep?.("timing", (index + fraction) / of);
    const timed = await host.client.request("bench", benchParams(models, inputs, machine, settings, of), {
      ...host.request({ onProgress }),
      timeoutMs: benchTimeout(settings, models.length + 1),
    });
    return {
      timed,
      loaded,
      missing,
      ...(index + 1 < of
        ? {}
        : await afterwards(host, { compilation: subject.compilation, built, ours, inputs }, options, timed, settings)),
    };
  } finally {
    await host.close();
  }
}

/** What is measured once, after the last session. */
async function afterwards(
  host: NativeHost,
  code: {
    readonly compilation: Compilation;
    readonly built: BuiltCode;
    readonly ours: LoadedModel;
    readonly inputs: readonly TensorFileRef[];
  },
  options: CompileOptions,
  timed: RunnerBenchResult,
  settings: BenchSettings,
): Promise<Pick<Session, "peaks" | "regions" | "observed">> {
  const { compilation, inputs } = code;
  const peaks = settings.peaks === false ? undefined : await measurePeaks(host, options.threads, settings);
  const observed = await observe(host, code, localMachine(), peaks, settings);
  const found = peaks === undefined ? { observed } : { peaks, observed };
  if (!settings.regions) return found;
  settings.onStep?.("timing the fusion groups", null);
  const { medianMs } = timingOfSessions([roundsMs(timed.candidates[0])]);
  return { ...found, regions: await timeRegions(host, compilation, inputs, medianMs, settings) };
}

function measurePeaks(host: NativeHost, threads: number, { onStep }: BenchSettings): Promise<PeaksResult> {
  onStep?.("measuring the peaks", null);
  return host.client.request("peaks", { threads: Math.min(threads, os.availableParallelism()), seconds: peakSeconds }, host.request());
}

/** For each figure: there are about a dozen. */
const peakSeconds = 0.1;
/** Memory swept before a cold run: this many times the largest cache that is known, within limits. */
const sweep = { times: 2, least: 64 * 1024 ** 2, most: 512 * 1024 ** 2 };

/** Each candidate gets the seconds asked for, over all sessions; the control takes part like any other. */
function benchParams(
  models: readonly LoadedModel[],
  inputs: readonly TensorFileRef[],
  { caches }: MachineProfile,
  { seconds, runs, cold }: BenchSettings,
  sessions: number,
) {
  const candidates = models.map((m) => ({ target: m.target, label: m.name, inputs }));
  const lanes = candidates.length + 1;
  const total = (seconds * lanes) / sessions;
  const bounds =
    runs === undefined ? { minSeconds: total, minRuns: Math.ceil(10 / sessions) } : { minSeconds: 0, minRuns: Math.ceil(runs / sessions) };
  const largest = Math.max(caches.l2, caches.l3);
  const swept = cold === true ? { coldBytes: Math.min(sweep.most, Math.max(sweep.least, sweep.times * largest)) } : {};
  // Sweeping takes longer than what is measured: the time on the clock is bounded.
  const most = cold === true ? Math.max(5, 2 * total) : Math.max(60 / sessions, 4 * total);
  return { candidates, aa: true, ...bounds, ...swept, maxSeconds: most };
}

const benchTimeout = ({ seconds, timeoutSeconds }: BenchSettings, lanes: number): number =>
  1000 * ((timeoutSeconds ?? 60) + Math.max(60, 4 * seconds * lanes));

const roundsMs = (c: RunnerBenchCandidate | undefined): number[][] => c?.ns.map((round) => round.map((ns) => ns / 1e6)) ?? [];

function summarise(
  subject: TimedSubject,
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
  built: BuiltCode,
  begun: { readonly date: Date; readonly load: number | null },
  sessions: readonly Session[],
): BenchResult {
  const { isa, flops, bytes } = compilationSummary(subject.compilation);
  const [first, last] = [sessions[0] ?? bug("nothing was measured"), sessions.at(-1)];
  const rounds = (lane: number): SessionRounds => sessions.map((s) => roundsMs(s.timed.candidates.at(lane)));
  const baselines = first.loaded.map(({ loaded }, i) => ({ name: loaded.name, version: loaded.version ?? "", rounds: rounds(i + 1) }));
  const ours = rounds(0);
  const ourTimes = timingOfSessions(ours);
  const speedup = Object.fromEntries(baselines.map((b) => [b.name, ratioOfSessions(b.rounds, ours)]));
  const control = ratioOfSessions(rounds(-1), ours);
  const runs = sessions.map((s) => s.timed);
  const versions = { fusionscope: packageVersion(), compiler: built.compiler, node: process.version };
  const facts = benchMachine(machine, begun, runs, { ...versions, ...Object.fromEntries(baselines.map((b) => [b.name, b.version])) });
  const peaks = last?.peaks;
  return {
    isa,
    threads: options.threads,
    precision: options.precision,
    scope: subject.scope,
    ours: ourTimes,
    baselines: Object.fromEntries(baselines.map((b) => [b.name, { ...timingOfSessions(b.rounds), version: b.version }])),
    speedup,
    control,
    flops,
    gflops: flops / (ourTimes.medianMs * 1e6),
    bytes,
    peakGflops: peaks?.fmaF32?.valid === true ? peaks.fmaF32.gops : null,
    peakGBs: peaks !== undefined && peaks.copyGBs > 0 ? peaks.copyGBs : null,
    counters: counterValues(first.timed),
    regions: last?.regions?.regions ?? [],
    kernels: kernelNames(subject.compilation),
    ...(last?.regions?.overhead === undefined ? {} : { regionOverhead: last.regions.overhead }),
    cache: settings.cold === true ? "cold" : "warm",
    samples: samplesOf(sessions, ["ours", ...baselines.map((b) => b.name), "control"]),
    machine: facts,
    warnings: benchWarnings({ threads: options.threads, rounds: ours.flat().length, control, speedup, machine: facts, runs }),
  };
}

function samplesOf(sessions: readonly Session[], names: readonly string[]): CandidateSamples[] {
  return names.map((candidate, lane) => {
    const of = sessions.map((s) => s.timed.candidates[lane]?.ns ?? []);
    return { candidate, rounds: of.flat(), sessions: of.map((s) => s.length) };
  });
}

/** Results of another day as baselines: their ratio is of two independent figures. */
function addStored(result: BenchResult, stored: readonly StoredResult[]): BenchResult {
  if (stored.length === 0) return result;
  const named = stored.map(({ file, result: old }) => [`${storedPrefix}${file}`, old.ours, old.machine?.date ?? ""] as const);
  const now = { median: result.ours.medianMs, ci95: result.ours.ci95 };
  const ratios = named.map(([name, ours]): [string, Ratio] => [name, ratioOfFigures({ median: ours.medianMs, ci95: ours.ci95 }, now)]);
  return {
    ...result,
    baselines: { ...result.baselines, ...Object.fromEntries(named.map(([name, ours, version]) => [name, { ...ours, version }])) },
    speedup: { ...result.speedup, ...Object.fromEntries(ratios) },
  };
}

/** Hardware counters of the runner, and what the system counted per run. */
function counterValues({ candidates, counters = {} }: RunnerBenchResult): Record<string, CounterValue> {
  const ours = candidates[0] ?? bug("the runner left a candidate out");
  const perRun = (n: number): CounterValue => ({ value: n / Math.max(1, ours.runs), valid: true });
  const hardware = Object.entries(counters).map(([name, c]) => [name, counterValue(c)] as const);
  return {
    ...Object.fromEntries(hardware),
    "cpu-time-ns": perRun(ours.taskClockNs),
    "minor-faults": perRun(ours.minorFaults),
    "major-faults": perRun(ours.majorFaults),
    "voluntary-switches": perRun(ours.voluntarySwitches),
    "involuntary-switches": perRun(ours.involuntarySwitches),
  };
}

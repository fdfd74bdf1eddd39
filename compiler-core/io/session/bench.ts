/** Times compiled code beside its baselines: a model, a fusion group, or a selection of ONNX nodes. */
import { compile, type Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { bug, UserError, userError } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import type { BenchResult, BenchScope, CounterValue } from "../../protocol/index.ts";
import type { RunnerBenchCandidate, RunnerBenchResult, PeaksResult, RunnerCounter, TensorFileRef } from "../../protocol/runner.ts";
import { compilationSummary } from "../../trace/summary.ts";
import { pairedRatio, quantile, sortNumbers, timing } from "../statistics.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import { referenceGraph } from "./check.ts";
import { cutModel } from "./cut.ts";
import type { SessionModel } from "./model.ts";
import { NativeHost, type HostSettings, type LoadedModel } from "./native-host.ts";
import { randomModelInputs } from "./run-inputs.ts";
import type { RunValue } from "./run-value.ts";
import { Scratch } from "./scratch.ts";

export interface BenchSettings extends BuildSettings, HostSettings {
  readonly scope: BenchScope;
  /** `ort`. */
  readonly baselines: readonly string[];
  /** A baseline that is not there ends the benchmark with `baseline-missing`, instead of being listed as missing. */
  readonly needBaselines?: boolean;
  readonly seed: number;
  /** Measuring time for each candidate. */
  readonly seconds: number;
  /** Measured runs of each candidate at least; without it, as many as fit the time. */
  readonly runs?: number;
  /** Also time per fusion group, from an instrumented build. */
  readonly regions: boolean;
  /** What is being done, and the finished fraction of it (null: not known). */
  readonly onStep?: (text: string, done: number | null) => void;
}

export interface BenchOutcome {
  readonly result: BenchResult;
  /** Baselines that could not take part. */
  readonly missing: readonly { readonly baseline: string; readonly why: string }[];
  readonly notes: readonly string[];
}

/** What is timed: a model with its code, and inputs. */
interface Subject {
  readonly model: SessionModel;
  readonly compilation: Compilation;
  readonly inputs: readonly RunValue[];
  readonly scope: string;
  readonly notes: readonly string[];
}

/**
 * Times the scope. A part is compiled as a model of its own, and ONNX Runtime gets the same part as an ONNX file.
 * @throws group-unknown, cut-inside, the errors of compiling the part, of building and of running
 */
export async function benchModel(
  model: SessionModel,
  compilation: Compilation,
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
): Promise<BenchOutcome> {
  const scratch = new Scratch();
  const subject = subjectOf(model, compilation, options, machine, settings, scratch.path("part.onnx"));
  try {
    return await timeSubject(subject, options, settings);
  } finally {
    if (subject.model !== model) subject.model.close();
    scratch.close();
  }
}

function subjectOf(
  model: SessionModel,
  compilation: Compilation,
  options: CompileOptions,
  machine: MachineProfile,
  { scope, seed }: BenchSettings,
  file: string,
): Subject {
  if (scope.kind === "model") {
    return { model, compilation, inputs: randomModelInputs(model, referenceGraph(compilation), seed), scope: "model", notes: [] };
  }
  const sources = scope.kind === "group" ? groupSources(compilation, scope.group) : scope.nodes;
  const cut = cutModel(model, compilation, sources, file, seed);
  // Names of nodes and dimensions mean something else in the part: its shapes are numbers, and forced pairs are not asked for.
  const part = compile(cut.model.graph, { ...options, dims: {}, force: [], forbid: [] }, machine, { now: () => performance.now() });
  if (part.error !== undefined) throw part.error;
  if (part.source === undefined) {
    const [first] = part.unsupported;
    userError(
      "nodes-unsupported",
      {},
      {
        count: part.unsupported.length,
        total: sources.length,
        list: first === undefined ? "no code" : `${first.opType} (${first.reason})`,
      },
    );
  }
  const paths = sources.map((i) => compilation.graph.sources[i]?.path ?? `#${i}`).join(",");
  const label = scope.kind === "group" ? `group ${scope.group} (${paths})` : `nodes ${paths}`;
  const notes = cut.randomBecause === undefined ? [] : [`inputs of the part are random: ${cut.randomBecause}`];
  return { model: cut.model, compilation: part, inputs: cut.inputs, scope: label, notes };
}

function groupSources(compilation: Compilation, id: number): number[] {
  const { graph } = compilation;
  const group = graph.groups.find((g) => g.id === id);
  if (group === undefined) return userError("group-unknown", {}, { group: id, groups: graph.groups.map((g) => g.id).join(", ") || "none" });
  const members = new Set(group.members.map((m) => m.node));
  const sources = graph.nodes.filter((n) => members.has(n.id)).flatMap((n) => n.origin);
  return [...new Set(sources)].sort((a, b) => a - b);
}

async function timeSubject(subject: Subject, options: CompileOptions, settings: BenchSettings): Promise<BenchOutcome> {
  const { compilation } = subject;
  const source = compilation.source ?? bug("there is no code to time");
  settings.onStep?.("building", null);
  const built = await buildCode(source, settings);
  const host = await NativeHost.start(settings);
  try {
    const files = host.inputFiles(
      source.plan.inputs.map((i) => i.name),
      subject.inputs,
    );
    const ours = await host.load(built);
    const { loaded, missing } = await loadBaselines(host, subject.model.path, options.threads, settings);
    const onProgress = (fraction: number): void => settings.onStep?.("timing", fraction);
    const timed = await host.client.request("bench", benchParams([ours, ...loaded], files, settings), {
      ...host.request({ onProgress }),
      timeoutMs: benchTimeout(settings, loaded.length + 2),
    });
    settings.onStep?.("measuring the peaks", null);
    const peaks = await host.client.request("peaks", { threads: options.threads, seconds: peakSeconds }, host.request());
    const regions = settings.regions ? await timeRegions(host, subject, files, settings) : [];
    const result = summarise(subject, options, timed, loaded, peaks);
    return { result: { ...result, regions }, missing, notes: subject.notes };
  } finally {
    await host.close();
  }
}

/** Each candidate gets the seconds asked for; the control takes part like any other. */
function benchParams(models: readonly LoadedModel[], inputs: readonly TensorFileRef[], { seconds, runs }: BenchSettings) {
  const candidates = models.map((m) => ({ target: m.target, label: m.name, inputs }));
  const lanes = candidates.length + 1;
  const bounds = runs === undefined ? { minSeconds: seconds * lanes, minRuns: 10 } : { minSeconds: 0, minRuns: runs };
  return { candidates, aa: true, ...bounds, maxSeconds: Math.max(60, 4 * seconds * lanes) };
}

/** For each figure: there are about a dozen. */
const peakSeconds = 0.1;

const benchTimeout = ({ seconds, timeoutSeconds }: BenchSettings, lanes: number): number =>
  1000 * ((timeoutSeconds ?? 60) + Math.max(60, 4 * seconds * lanes));

type Missing = BenchOutcome["missing"][number];

async function loadBaselines(
  host: NativeHost,
  path: string,
  threads: number,
  { baselines, needBaselines }: BenchSettings,
): Promise<{ readonly loaded: readonly LoadedModel[]; readonly missing: readonly Missing[] }> {
  const loaded: LoadedModel[] = [];
  const missing: Missing[] = [];
  for (const name of baselines) {
    try {
      loaded.push(await host.loadOrt(path, threads));
    } catch (e) {
      if (!(e instanceof UserError) || (e.code !== "ort-missing" && e.code !== "ort-failed")) throw e;
      if (needBaselines === true) userError("baseline-missing", {}, { name, what: e.message }, e);
      missing.push({ baseline: name, why: e.message });
    }
  }
  return { loaded, missing };
}

const allMs = (c: RunnerBenchCandidate): number[] => c.ns.flat().map((ns) => ns / 1e6);
const roundMedians = (c: RunnerBenchCandidate): number[] => c.ns.map((round) => quantile(sortNumbers(round), 0.5));

function summarise(
  subject: Subject,
  options: CompileOptions,
  timed: RunnerBenchResult,
  loaded: readonly LoadedModel[],
  peaks: PeaksResult,
): Omit<BenchResult, "regions"> {
  const { isa, flops, bytes } = compilationSummary(subject.compilation);
  const [ours, ...rest] = timed.candidates;
  const control = rest.at(-1);
  if (ours === undefined || control === undefined) return bug("the runner left a candidate out");
  const ourTimes = timing(allMs(ours));
  const mine = roundMedians(ours);
  const baselines = loaded.map((m, i) => [m.name, { ...timing(allMs(rest[i] ?? control)), version: m.version ?? "" }] as const);
  const speedup = loaded.map((m, i) => [m.name, pairedRatio(roundMedians(rest[i] ?? control), mine)] as const);
  return {
    isa,
    threads: options.threads,
    precision: options.precision,
    scope: subject.scope,
    ours: ourTimes,
    baselines: Object.fromEntries(baselines),
    speedup: Object.fromEntries(speedup),
    control: pairedRatio(roundMedians(control), mine),
    flops,
    gflops: flops / (ourTimes.medianMs * 1e6),
    bytes,
    peakGflops: peaks.fmaF32?.valid === true ? peaks.fmaF32.gops : null,
    peakGBs: peaks.copyGBs > 0 ? peaks.copyGBs : null,
    counters: counterValues(ours, timed.counters),
  };
}

/** Hardware counters of the runner, and what the system counted per run. */
function counterValues(ours: RunnerBenchCandidate, counters: Readonly<Record<string, RunnerCounter>> = {}): Record<string, CounterValue> {
  const perRun = (n: number): CounterValue => ({ value: n / Math.max(1, ours.runs), valid: true });
  const hardware = Object.entries(counters).map(
    ([name, c]) => [name, c.valid ? { value: c.value, valid: true } : { value: null, valid: false, why: c.why }] as const,
  );
  return {
    ...Object.fromEntries(hardware),
    "cpu-time-ns": perRun(ours.taskClockNs),
    "minor-faults": perRun(ours.minorFaults),
    "major-faults": perRun(ours.majorFaults),
    "voluntary-switches": perRun(ours.voluntarySwitches),
    "involuntary-switches": perRun(ours.involuntarySwitches),
  };
}

/** Nanoseconds per run and fusion group, summed over threads, from a build that reads the time-stamp counter at every region. */
async function timeRegions(
  host: NativeHost,
  subject: Subject,
  inputs: readonly TensorFileRef[],
  settings: BenchSettings,
): Promise<BenchResult["regions"]> {
  const source = subject.compilation.source ?? bug("there is no code to time");
  settings.onStep?.("timing the fusion groups", null);
  const model = await host.load(await buildCode(source, { ...settings, profile: true }), "profiled");
  const { runs, threads } = await host.client.request("profile", { target: model.target, inputs, runs: 50 }, host.request());
  return source.plan.regions.map((region) => ({
    group: region.id,
    ns: threads.reduce((sum, t) => sum + (t.ns[region.id] ?? 0), 0) / Math.max(1, runs),
  }));
}

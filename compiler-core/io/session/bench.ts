/** Times compiled code beside its baselines: a model, a fusion group, or a selection of ONNX nodes. */
import { compile, type Compilation } from "../../compile.ts";
import type { MachineProfile } from "../../machine.ts";
import { userError } from "../../messages.ts";
import type { CompileOptions } from "../../options.ts";
import type { BenchResult, BenchScope } from "../../protocol/index.ts";
import { timeIsolated } from "./bench-isolated.ts";
import { timeSubject, type TimedSubject } from "./bench-time.ts";
import type { BuildSettings } from "./build.ts";
import { cutModel } from "./cut.ts";
import { timeInPlace } from "./in-place.ts";
import type { SessionModel } from "./model.ts";
import type { HostSettings } from "./native-host.ts";
import { modelInputs } from "./run-inputs.ts";
import type { RunValue } from "./run-value.ts";
import { Scratch } from "./scratch.ts";

export interface BenchSettings extends BuildSettings, HostSettings {
  readonly scope: BenchScope;
  /** `ort`, `onednn`, `plain`, `stored:FILE`. */
  readonly baselines: readonly string[];
  /** ONNX Runtime that is not there ends the benchmark with `baseline-missing`, instead of being listed as missing. */
  readonly needBaselines?: boolean;
  readonly seed: number;
  /** Folder with inputs of the whole model (`input_*.pb`), instead of random ones. */
  readonly data?: string;
  /** Measuring time for each candidate. */
  readonly seconds: number;
  /** Measured runs of each candidate at least; without it, as many as fit the time. */
  readonly runs?: number;
  /** Also time per fusion group, from an instrumented build. */
  readonly regions: boolean;
  /** Also cut each group out and time it on its own: a build for each. Needs `regions`. */
  readonly isolated?: boolean;
  /** Sample the code by a timer: lines and instructions with their share of the time. */
  readonly sample?: boolean;
  /** Price its loops with llvm-mca. */
  readonly static?: boolean;
  /** Sweep the caches before every run. */
  readonly cold?: boolean;
  /** Processes that the measurement is spread over; default: 5, and 1 for short ones. */
  readonly sessions?: number;
  /** The machine profile without what was set by hand: its code takes part as the baseline `default`. */
  readonly usual?: MachineProfile;
  /** Other options: code for them takes part as the baseline `other`. */
  readonly against?: CompileOptions;
  /** False: leave the machine's peaks out, which take about a second. */
  readonly peaks?: boolean;
  /** File of a stored result that this one is held against. */
  readonly compare?: string;
  /** What is being done, and the finished fraction of it (null: not known). */
  readonly onStep?: (text: string, done: number | null) => void;
}

export interface BenchOutcome {
  readonly result: BenchResult;
  /** Baselines that could not take part. */
  readonly missing: readonly { readonly baseline: string; readonly why: string }[];
  readonly notes: readonly string[];
}

interface Subject extends TimedSubject {
  /** Of a part: its ONNX nodes, and the inputs of the whole. */
  readonly cutFrom?: { readonly sources: readonly number[]; readonly inputs: readonly RunValue[] };
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
  const subject = await subjectOf(model, compilation, options, machine, settings, scratch.path("part.onnx"));
  try {
    const outcome = await timeWhole(subject, options, machine, settings, model.structureHash);
    if (subject.cutFrom === undefined) return outcome;
    settings.onStep?.("timing the part in its place", null);
    const placed = await timeInPlace({ compilation, inputs: subject.cutFrom.inputs }, subject, subject.cutFrom.sources, settings);
    return { ...outcome, result: { ...outcome.result, ...("because" in placed ? { notInPlace: placed.because } : { inPlace: placed }) } };
  } finally {
    if (subject.model !== model) subject.model.close();
    scratch.close();
  }
}

async function timeWhole(
  subject: Subject,
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
  modelHash: string,
): Promise<BenchOutcome> {
  // Of a part, the names of nodes and dimensions mean something else.
  const inPart = (o: CompileOptions): CompileOptions => (subject.cutFrom === undefined ? o : { ...o, dims: {}, force: [], forbid: [] });
  const own = inPart(options);
  const against = settings.against === undefined ? {} : { against: inPart(settings.against) };
  const timed = await timeSubject(subject, own, machine, { ...settings, ...against }, modelHash);
  const outcome = { ...timed, result: { ...timed.result, modelHash } };
  const { regions } = outcome.result;
  if (settings.isolated !== true || regions.length === 0) return outcome;
  settings.onStep?.("timing the fusion groups on their own", null);
  const sourcesOf = (group: number): readonly number[] => groupSources(subject.compilation, group);
  return { ...outcome, result: { ...outcome.result, regions: await timeIsolated(subject, regions, own, machine, settings, sourcesOf) } };
}

async function subjectOf(
  model: SessionModel,
  compilation: Compilation,
  options: CompileOptions,
  machine: MachineProfile,
  settings: BenchSettings,
  file: string,
): Promise<Subject> {
  const { scope, seed } = settings;
  const inputs = modelInputs(model, compilation, settings);
  if (scope.kind === "model") return { model, compilation, inputs, scope: "model", notes: [] };
  const sources = scope.kind === "group" ? groupSources(compilation, scope.group) : scope.nodes;
  const cut = await cutModel(model, compilation, machine, sources, file, { ...settings, inputs, seed });
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
  const notes = [
    cut.randomBecause === undefined
      ? `inputs of the part are recorded: ${cut.recordedBy ?? ""}`
      : `inputs of the part are random: ${cut.randomBecause}`,
  ];
  return { model: cut.model, compilation: part, inputs: cut.inputs, scope: label, notes, cutFrom: { sources, inputs } };
}

/** The ONNX nodes of a fusion group (indices into `Graph.sources`). Throws `group-unknown`. */
export function groupSources(compilation: Compilation, id: number): number[] {
  const { graph } = compilation;
  const group = graph.groups.find((g) => g.id === id);
  if (group === undefined) return userError("group-unknown", {}, { group: id, groups: graph.groups.map((g) => g.id).join(", ") || "none" });
  const members = new Set(group.members.map((m) => m.node));
  const sources = graph.nodes.filter((n) => members.has(n.id)).flatMap((n) => n.origin);
  return [...new Set(sources)].sort((a, b) => a - b);
}

/**
 * The compiler in a thread of its own, for one model. The only file of the extension that calls the compiler; every number it gives
 * comes from the sessions that the command uses, too.
 */
import { parentPort, workerData } from "node:worker_threads";
import {
  asmReply,
  bodyAt,
  bodyDelta,
  compilationSummary,
  cppReply,
  defaultOptions,
  dimExtents,
  graphDelta,
  isaSets,
  isModule,
  loopSteps,
  mergeTuned,
  missingFeatures,
  nativeFunction,
  nativeHeader,
  opDocs,
  opsetsOf,
  passInfos,
  resolveIsa,
  ruleDocs,
  snapshotReply,
  StringTable,
  templateEntry,
  templateSpace,
  userError,
  type Compilation,
  type CompileOptions,
  type CppSource,
  type Graph,
  type IsaName,
  type Snapshot,
  type TunedEntry,
} from "#core";
import {
  benchModel,
  buildCode,
  checkOptions,
  compileModel,
  demangled,
  detectMachine,
  divergenceOn,
  errorsOn,
  instructionNotes,
  localMachine,
  nativeHeaders,
  openSessionModel,
  placesOfAssembly,
  ProbedValues,
  readOrtProfile,
  requireRunnable,
  type BuiltCode,
  type SessionModel,
} from "#core/io";
import type { BenchScope, PanelOptions, TemplateParams, TextReply } from "#protocol";
import { cancelled, coded, toErrorInfo } from "./coded-error.ts";
import {
  Shared,
  type BenchReply,
  type CompileReply,
  type MachineInfo,
  type ModelInfo,
  type WorkerData,
  type WorkerRequests,
} from "./worker/messages.ts";
import { declaredTypes, withDeclaredTypes } from "./worker/declared-types.ts";
import { serve, type HandlerContext, type Handlers, type Port } from "./worker/serve.ts";
import { tensorPage } from "./worker/tensor-page.ts";
import { writeArray } from "./worker/tensor-page-npy.ts";
import { tensorStats } from "./worker/tensor-page-stats.ts";

/** Measuring time for each candidate of a benchmark, in seconds; the command's default. */
const benchSeconds = 1;

interface Compiled {
  readonly compilation: Compilation;
  readonly options: CompileOptions;
  /** The native build, under way or done. */
  code?: Promise<BuiltCode>;
  assembly?: Promise<TextReply>;
}

const machine = localMachine();
const shared = new Int32Array((workerData as WorkerData).shared);
let model: SessionModel | undefined;
let compiled: Compiled | undefined;
const probed = new ProbedValues();

const handlers: Handlers = {
  machine: machineInfo,
  open: ({ path }) => open(path),
  compile,
  text: ({ kind, stage }, context) =>
    kind === "asm" ? assembly(context) : kind === "cpp" ? cppReply(sourceOf(now())) : snapshotReply(snapshotAt(stage)),
  tensor: (arg) => tensorPage(readableAt(arg.stage, arg.value), arg),
  tensorStats: ({ value, stage }, context) => tensorStats(readableAt(stage, value), value, context),
  writeTensor: ({ value, stage, path }, context) => writeArray(readableAt(stage, value), value, path, context),
  probe: ({ value, data }, context) => probed.probe(runnable(), now().compilation, value, data, context),
  compareValues: async ({ with: other, data }, context) =>
    other === "reference"
      ? { divergence: await divergenceOn(runnable(), now().compilation, data, context) }
      : { errors: await errorsOn(runnable(), now().compilation, data, context) },
  loops: ({ nodes }) => loopSteps(now().compilation, new Set(nodes)),
  body: ({ path }) => body(path),
  nativeSource: (arg) => ("name" in arg ? nativeFunction(nativeHeaders(), arg.name) : nativeHeader(nativeHeaders(), arg.file)) ?? null,
  ortProfile: ({ path }) => readOrtProfile(path, now().compilation.graph.sources),
  bench,
  modelHash: () => (model ?? userError("no-compilation", {}, { what: "a benchmark" })).structureHash,
  templateSpace: ({ group }) => templateSpace(now().compilation.graph, group, { options: now().options, machine }),
};

/** The model, where its code may run on this machine. */
function runnable(): SessionModel {
  const of = model ?? userError("no-compilation", {}, { what: "a run" });
  requireRunnable(now().options, machine, detectMachine().profile);
  sourceOf(now());
  return of;
}

function machineInfo(): MachineInfo {
  const names = Object.keys(isaSets) as IsaName[];
  return {
    isas: names.map((name) => ({ name, missing: missingFeatures(name, machine) })),
    autoIsa: resolveIsa("auto", machine),
    maxThreads: detectMachine().cpus,
    passes: passInfos,
    opDocs,
    ruleDocs,
  };
}

function open(path: string): ModelInfo {
  model?.close();
  [model, compiled] = [undefined, undefined];
  model = openSessionModel(path);
  return {
    name: model.name,
    path: model.path,
    bytes: model.bytes,
    dims: dimsOf(model, model.defaultDims),
    opsets: opsetsOf(model.file.model),
  };
}

/** Symbolic dimensions with the extents that a compilation gives them. */
const dimsOf = ({ dims }: SessionModel, extents: PanelOptions["dims"]): ModelInfo["dims"] =>
  dims.map((name) => ({ name, value: extents[name] ?? 1 }));

/** Runs the passes and streams the graph after each one that changed it. */
function compile(
  { generation, options: panel, hold }: WorkerRequests["compile"]["arg"],
  { event }: HandlerContext<"compile">,
): CompileReply {
  const of = model ?? userError("no-compilation", {}, { what: "compiling" });
  const options: CompileOptions = { ...defaultOptions, ...panel };
  checkOptions(of, options, machine);
  const isOld = (): boolean => Atomics.load(shared, Shared.generation) !== generation;
  const stream = deltaStream(of, (delta) => event({ delta }));
  const onStage = ({ index }: { readonly index: number }, snapshot: Snapshot): void => {
    stream(index, snapshot);
    // The imported graph is on its way to the screen: the passes would take a core of what draws it.
    if (index === 0 && hold > 0 && !isOld()) Atomics.wait(shared, Shared.painted, 0, hold);
  };
  const compilation = compileModel(of, options, machine, { cancelled: isOld, onStage });
  if (isOld()) throw cancelled();
  compiled = { compilation, options };
  const summary = compilationSummary(compilation);
  return {
    summary,
    dims: dimsOf(of, { ...of.defaultDims, ...options.dims, ...dimExtents(of.graph, compilation.graph) }),
    ...(compilation.error === undefined ? {} : { failed: toErrorInfo(compilation.error) }),
  };
}

/** Snapshots as differences to the last one sent; unchanged ones and those of loops are not sent. */
function deltaStream(
  of: SessionModel,
  send: (delta: WorkerRequests["compile"]["event"]["delta"]) => void,
): (stage: number, snapshot: Snapshot) => void {
  const strings = new StringTable();
  const typed = withDeclaredTypes(declaredTypes(of.file.model), strings);
  let last: { stage: number; graph: Graph } | undefined;
  return (stage, snapshot) => {
    if (isModule(snapshot) || snapshot === last?.graph) return;
    send(typed(graphDelta(stage, snapshot, last?.stage ?? -1, last?.graph, strings)));
    last = { stage, graph: snapshot };
  };
}

/** @throws body-not-found for a path that names no graph inside of the model */
function body(path: string): WorkerRequests["body"]["reply"] {
  const of = model ?? userError("no-compilation", {}, { what: "a graph inside of the model" });
  const found = bodyAt(of.file.model, path);
  if (found === undefined) throw coded("body-not-found", { path });
  const indices = new Map(of.graph.sources.map((source, i) => [source.path, i]));
  return bodyDelta(found, path, (inner) => indices.get(inner), new StringTable());
}

/** Asked for by every view that shows it or draws on it: made once. */
function assembly({ event, signal }: HandlerContext<"text">): Promise<TextReply> {
  const of = now();
  const source = sourceOf(of);
  event({ text: "building", done: null });
  const code = (of.code ??= buildCode(source, { signal }));
  const reply = (of.assembly ??= readable(code, source));
  // A build that failed or was called off is tried again by the next request.
  reply.catch(() => (of.code = of.assembly = undefined));
  return reply;
}

async function readable(code: Promise<BuiltCode>, source: CppSource): Promise<TextReply> {
  const { assembly: text, sourceFile, sharedObject, plan } = await code;
  const reply = asmReply(text, source, sourceFile.split("/").at(-1) ?? "");
  const [lines, places, notes] = await Promise.all([
    demangled(reply.lines),
    placesOfAssembly(sharedObject, sourceFile, reply.lines),
    instructionNotes(reply.lines, plan.isa, machine),
  ]);
  return { ...reply, lines, ...places, notes };
}

/** With parameters, the group is built with them, beside the compiler's choice. */
async function bench(
  { scope, baselines, params, lines = false, against }: WorkerRequests["bench"]["arg"],
  { event, signal }: HandlerContext<"bench">,
): Promise<BenchReply> {
  const of = model ?? userError("no-compilation", {}, { what: "a benchmark" });
  const { compilation, options } = now();
  requireRunnable(options, machine, detectMachine().profile);
  sourceOf(now());
  const onStep = (text: string, done: number | null): void => event({ text, done });
  const entry = params === undefined ? undefined : tunedEntry(scope, params);
  const set = entry === undefined ? {} : { usual: machine };
  const built = entry === undefined ? machine : { ...machine, tuned: mergeTuned(machine.tuned ?? [], [entry]) };
  const other: CompileOptions | undefined = against && { ...defaultOptions, ...against };
  if (other !== undefined) checkOptions(of, other, machine);
  const { result, missing, notes } = await benchModel(of, compilation, options, built, {
    ...set,
    ...(other === undefined ? {} : { against: other }),
    sample: lines,
    static: lines,
    scope,
    baselines,
    seed: 1,
    seconds: benchSeconds,
    regions: true,
    onStep,
    signal,
  });
  return { result, missing, notes };
}

/** @throws page-request for parameters that are not of the group's template */
function tunedEntry(scope: BenchScope, params: TemplateParams): TunedEntry {
  const { compilation, options } = now();
  const entry = scope.kind === "group" ? templateEntry(compilation.graph, scope.group, params, { options, machine }) : undefined;
  if (entry === undefined) throw coded("page-request", { what: "parameters that its template does not have" });
  return entry;
}

const now = (): Compiled => compiled ?? userError("no-compilation", {}, { what: "this" });

/** The generated code; without any, why there is none. */
function sourceOf({ compilation }: Compiled): NonNullable<Compilation["source"]> {
  const { source, error, unsupported } = compilation;
  if (source !== undefined) return source;
  if (error !== undefined) throw error;
  const first = unsupported[0];
  const list = first === undefined ? "no code was generated" : `${first.opType} (${first.reason})`;
  throw coded("nodes-unsupported", { count: unsupported.length, total: compilation.graph.nodes.length, list });
}

const snapshotAt = (stage: number): Snapshot =>
  now().compilation.snapshots[stage] ?? userError("no-compilation", {}, { what: `stage ${stage}` });

/** The graph of a stage; of a stage of loops, the last graph. */
function graphAt(stage: number): Graph {
  const snapshot = snapshotAt(stage);
  return isModule(snapshot) ? now().compilation.graph : snapshot;
}

/** The same, with what was probed of it read like a constant. */
const readableAt = (stage: number, value: number): Graph => probed.asConstant(now().compilation, graphAt(stage), value);

serve(parentPort as unknown as Port, handlers);

/**
 * Runs the pipeline over an imported graph and records every step. A failed pass ends the run; the snapshots before it stay,
 * so that what worked can always be looked at.
 *
 * What cannot be compiled shows only after graph passes have run. Then the run starts again with those nodes of the file cut out at its
 * beginning, where all values that they read are still there (`cut-holes`), until nothing is left over. Only the last attempt is reported.
 */
import { emitCpp, type CppSource } from "./codegen/index.ts";
import { staticShape, type Graph, type Shape, type ValueId } from "./graph/ir.ts";
import { verifyGraph } from "./graph/verify.ts";
import type { MachineProfile } from "./machine.ts";
import { asUserError, bug, userError, type UserError } from "./messages.ts";
import type { CompileOptions } from "./options.ts";
import { recognise } from "./passes/1-graph/recognise.ts";
import { sourcesOf } from "./passes/1-graph/cut-holes.ts";
import { refusedEarly, refusedLate, type Refused } from "./passes/2-lower/find-holes.ts";
import { packWeights } from "./passes/2-lower/pack-weights.ts";
import type { CutOut, Pass, PassContext } from "./passes/pass.ts";
import { settleVerdicts } from "./passes/settle-verdicts.ts";
import { passInfos, pipeline } from "./pipeline.ts";
import type { PassEvent, PassInfo, RuleHit, UnsupportedNode, Verdict } from "./protocol/trace.ts";
import { countStatements, type Module } from "./tensor/index.ts";
import { verifyModule } from "./tensor/verify.ts";
import { impossibleNodes, unsupportedNodes } from "./passes/2-lower/unsupported.ts";

export type Snapshot = Graph | Module;
export const isModule = (s: Snapshot): s is Module => "run" in s;

/** What the caller lends the compiler: a clock, and ears. */
export interface CompileHooks {
  /** Milliseconds, monotonic. Used for reporting only, never for a decision. */
  readonly now: () => number;
  /** How long reading and importing the model took, in milliseconds: the time of stage 0. */
  readonly importMs?: number;
  /**
   * Called once per stage, in order, with the snapshot it left: the imported graph at once, graph passes when it is certain that they need
   * not be run again (see above), the others as they end.
   */
  readonly onStage?: (event: PassEvent, snapshot: Snapshot) => void;
  /** Asked between passes; true ends the compilation with `cancelled`. */
  readonly cancelled?: () => boolean;
}

export interface Compilation {
  readonly options: CompileOptions;
  readonly machine: MachineProfile;
  readonly passes: readonly PassEvent[];
  /** By stage: 0 is the imported graph, i the result of pass i. Unchanged snapshots are the same object. */
  readonly snapshots: readonly Snapshot[];
  /** The last graph and the last module reached. */
  readonly graph: Graph;
  readonly module: Module | undefined;
  readonly verdicts: readonly Verdict[];
  readonly unsupported: readonly UnsupportedNode[];
  /** The generated code; undefined when the pipeline did not get that far. */
  readonly source: CppSource | undefined;
  readonly error: UserError | undefined;
}

/** State of a run, folded over the pipeline. */
interface Run {
  readonly options: CompileOptions;
  readonly machine: MachineProfile;
  readonly hooks: CompileHooks;
  /** Nodes of the file that are left to ONNX Runtime. */
  readonly cut: ReadonlyMap<number, CutOut>;
  readonly passes: PassEvent[];
  readonly snapshots: Snapshot[];
  verdicts: readonly Verdict[];
  /** Stages that were reported. */
  told: number;
  graph: Graph;
  module: Module | undefined;
}

/** Compiles `graph` (as `importModel` gives it). Never throws for what the model or the options contain: see `Compilation.error`. */
export function compile(graph: Graph, options: CompileOptions, machine: MachineProfile, hooks: CompileHooks): Compilation {
  const { run, error: failed } = graphPasses(graph, options, machine, hooks);
  let error = failed;
  let source: CppSource | undefined;
  const rest = pipeline.slice(firstFinal);
  for (const [i, pass] of rest.entries()) error = step(run, pass, infoAt(firstFinal + i + 1), error);
  const info = infoAt(pipeline.length + 1);
  const stopped = options.onlyUntil === undefined ? notCompiled(run) : undefined;
  if (error === undefined && run.module !== undefined && options.onlyUntil === undefined) ({ source, error } = emit(run, info));
  else {
    const reason = error === undefined ? (stopped ?? "the pipeline was stopped before it") : "an earlier pass failed";
    record(run, skipped(info, run, reason), current(run));
  }
  tell(run);
  const { passes, snapshots, verdicts, module } = run;
  const unsupported = unsupportedNodes(run.graph);
  return { options, machine, passes, snapshots, graph: run.graph, module, verdicts, unsupported, source, error };
}

/** Attempts after which what is left over stays so; in practice there are one or two. */
const maxAttempts = 16;
/** The first pass whose result depends on all nodes being compiled or cut out: everything before it may be run again. */
const firstFinal = pipeline.findIndex((p) => p === packWeights);
/** After shapes are known and constants folded, nodes still stand for one of the file each. */
const firstMixing = pipeline.findIndex((p) => p === recognise);

/** Runs the graph passes before lowering, again and again, until every node that is left is compiled or a call of ONNX Runtime. */
function graphPasses(
  graph: Graph,
  options: CompileOptions,
  machine: MachineProfile,
  hooks: CompileHooks,
): { readonly run: Run; readonly error: UserError | undefined } {
  let cut: ReadonlyMap<number, CutOut> = new Map();
  for (let attempt = 1; ; attempt++) {
    const run: Run = { options, machine, hooks, cut, passes: [], snapshots: [], verdicts: [], told: 0, graph, module: undefined };
    record(run, { ...infoAt(0), status: "changed", ms: hooks.importMs ?? 0, opsBefore: 0, opsAfter: graph.nodes.length, hits: [] }, graph);
    if (attempt === 1) tell(run);
    else run.told = 1;
    let error: UserError | undefined;
    let more: ReadonlyMap<number, CutOut> = new Map();
    for (const [i, pass] of pipeline.slice(0, firstFinal).entries()) {
      if (i === firstMixing) more = toCut(run, error, refusedEarly);
      if (more.size > 0) break;
      error = step(run, pass, infoAt(i + 1), error);
    }
    if (more.size === 0) more = toCut(run, error, refusedLate);
    if (more.size > 0 && attempt < maxAttempts) cut = new Map([...cut, ...more]);
    else {
      tell(run);
      return { run, error };
    }
  }
}

/** Nodes of the file that have to be cut out as well, with what is known of their results; empty when the run can go on. */
function toCut(run: Run, error: UserError | undefined, refused: (graph: Graph) => readonly Refused[]): ReadonlyMap<number, CutOut> {
  const found = new Map<number, CutOut>();
  const { graph } = run;
  if (error !== undefined || hasStopped(run)) return found;
  for (const { node, reason } of refused(graph)) {
    for (const source of sourcesOf(graph, node)) {
      if (run.cut.has(source) || found.has(source)) continue;
      const types = (graph.sources[source]?.makes ?? []).flatMap((id): [ValueId, Shape][] => {
        const shape = id === null ? undefined : lastShape(run, id);
        return id === null || shape === undefined ? [] : [[id, shape]];
      });
      found.set(source, { reason, types: new Map(types) });
    }
  }
  return found;
}

/** The numbers that a pass found for the extents of a value, be it gone by now or not. */
function lastShape({ snapshots }: Run, id: ValueId): Shape | undefined {
  for (const s of [...snapshots].reverse()) {
    const value = isModule(s) ? undefined : s.values[id];
    const shape = value === undefined ? undefined : staticShape(value);
    if (shape !== undefined) return shape;
  }
  return undefined;
}

function step(run: Run, pass: Pass, info: PassInfo, error: UserError | undefined): UserError | undefined {
  const skip = error !== undefined ? "an earlier pass failed" : skipReason(pass, run);
  if (skip === undefined) return runPass(run, pass, info);
  record(run, skipped(info, run, skip), current(run));
  return error;
}

function runPass(run: Run, pass: Pass, info: PassInfo): UserError | undefined {
  const before = current(run);
  const hits: RuleHit[] = [];
  const verdicts: Verdict[] = [];
  const { options, machine, cut } = run;
  const ctx: PassContext = { options, machine, cut, hit: (h) => hits.push(h), verdict: (v) => verdicts.push(v) };
  const start = run.hooks.now();
  try {
    if (run.hooks.cancelled?.() === true) userError("cancelled", { pass: pass.name });
    const after = apply(pass, run, ctx);
    const ms = run.hooks.now() - start;
    if (after !== before) verify(after, pass.name);
    if (isModule(after)) run.module = after;
    else run.graph = after;
    const isGrouped = !isModule(before) && !isModule(after) && before.groups.length > 0;
    run.verdicts = isGrouped
      ? settleVerdicts(run.verdicts, verdicts, { pass: pass.name, was: before, now: after })
      : [...run.verdicts, ...verdicts];
    const status = after === before ? "same" : "changed";
    record(run, { ...info, status, ms, opsBefore: countOps(before), opsAfter: countOps(after), hits }, after);
    return undefined;
  } catch (e) {
    const error = asUserError(e);
    const ms = run.hooks.now() - start;
    record(
      run,
      { ...info, status: "failed", reason: error.message, ms, opsBefore: countOps(before), opsAfter: countOps(before), hits },
      before,
    );
    return error;
  }
}

function apply(pass: Pass, run: Run, ctx: PassContext): Snapshot {
  if (pass.level !== "tensor") return pass.run(run.graph, ctx);
  return pass.run(run.module ?? bug(`${pass.name} comes before lowering`), ctx);
}

/** Why there is no code at all; undefined when every operator is compiled or left to ONNX Runtime. */
function notCompiled({ graph }: Run): string | undefined {
  if (!refusals.has(graph)) refusals.set(graph, findRefusal(graph));
  return refusals.get(graph);
}
/** Every pass after lowering asks again, about the same graph. */
const refusals = new WeakMap<Graph, string | undefined>();
function findRefusal(graph: Graph): string | undefined {
  const [first, ...more] = impossibleNodes(graph);
  return first && `${more.length + 1} of ${graph.nodes.length} operators cannot be run, the first is ${first.opType}: ${first.reason}`;
}

const hasStopped = ({ options, passes }: Run): boolean =>
  options.onlyUntil !== undefined && passes.some((p) => p.name === options.onlyUntil);

function skipReason(pass: Pass, run: Run): string | undefined {
  const { options, machine } = run;
  if (options.without.includes(pass.name) && pass.optional) return "switched off";
  if (hasStopped(run)) return `stopped after ${options.onlyUntil}`;
  if (pass.level !== "graph") {
    const hole = notCompiled(run);
    if (hole !== undefined) return hole;
    if (pass.level === "tensor" && run.module === undefined) return "nothing was lowered";
  }
  const verdict = pass.when?.(options, machine) ?? true;
  return verdict === true ? undefined : verdict;
}

function emit(run: Run, info: PassInfo): { source: CppSource | undefined; error: UserError | undefined } {
  const module = run.module ?? bug("nothing was lowered");
  const start = run.hooks.now();
  const ops = countOps(module);
  try {
    const source = emitCpp(module, run.graph, run.options, run.machine);
    record(
      run,
      { ...info, status: "changed", ms: run.hooks.now() - start, opsBefore: ops, opsAfter: source.text.split("\n").length, hits: [] },
      module,
    );
    return { source, error: undefined };
  } catch (e) {
    const error = asUserError(e);
    record(
      run,
      { ...info, status: "failed", reason: error.message, ms: run.hooks.now() - start, opsBefore: ops, opsAfter: ops, hits: [] },
      module,
    );
    return { source: undefined, error };
  }
}

function verify(snapshot: Snapshot, pass: string): void {
  const problems = isModule(snapshot) ? verifyModule(snapshot) : verifyGraph(snapshot);
  if (problems.length > 0) bug(`the IR is broken: ${problems.slice(0, 3).join("; ")}`, { pass });
}

function record(run: Run, event: PassEvent, snapshot: Snapshot): void {
  run.passes.push(event);
  run.snapshots.push(snapshot);
  if (run.passes.length > firstFinal + 1) tell(run);
}

/** Reports the stages that are certain by now. */
function tell(run: Run): void {
  for (; run.told < run.passes.length; run.told++) {
    const [event, snapshot] = [run.passes[run.told], run.snapshots[run.told]];
    if (event !== undefined && snapshot !== undefined) run.hooks.onStage?.(event, snapshot);
  }
}

const skipped = (info: PassInfo, run: Run, reason: string): PassEvent => {
  const ops = countOps(current(run));
  return { ...info, status: "skipped", reason, ms: 0, opsBefore: ops, opsAfter: ops, hits: [] };
};
const current = (run: Run): Snapshot => run.module ?? run.graph;
const infoAt = (i: number): PassInfo => passInfos[i] ?? bug(`no pass ${i}`);
/** Operators of a graph, statements of a module. */
const countOps = (s: Snapshot): number => (isModule(s) ? countStatements(s) : s.nodes.length);

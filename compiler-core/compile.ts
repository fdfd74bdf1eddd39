/**
 * Runs the pipeline over an imported graph and records every step. A failed pass ends the run; the snapshots before it stay,
 * so that what worked can always be looked at.
 */
import { emitCpp, type CppSource } from "./codegen/index.ts";
import type { Graph } from "./graph/ir.ts";
import { verifyGraph } from "./graph/verify.ts";
import type { MachineProfile } from "./machine.ts";
import { asUserError, bug, userError, type UserError } from "./messages.ts";
import type { CompileOptions } from "./options.ts";
import type { Pass, PassContext } from "./passes/pass.ts";
import { passInfos, pipeline } from "./pipeline.ts";
import type { PassEvent, PassInfo, RuleHit, UnsupportedNode, Verdict } from "./protocol/trace.ts";
import { countStatements, type Module } from "./tensor/index.ts";
import { verifyModule } from "./tensor/verify.ts";
import { unsupportedNodes } from "./passes/2-lower/unsupported.ts";

export type Snapshot = Graph | Module;
export const isModule = (s: Snapshot): s is Module => "run" in s;

/** What the caller lends the compiler: a clock, and ears. */
export interface CompileHooks {
  /** Milliseconds, monotonic. Used for reporting only, never for a decision. */
  readonly now: () => number;
  /** Called after each pass, with the snapshot it left. */
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
  readonly passes: PassEvent[];
  readonly snapshots: Snapshot[];
  readonly verdicts: Verdict[];
  graph: Graph;
  module: Module | undefined;
}

/** Compiles `graph` (as `importModel` gives it). Never throws for what the model or the options contain: see `Compilation.error`. */
export function compile(graph: Graph, options: CompileOptions, machine: MachineProfile, hooks: CompileHooks): Compilation {
  const run: Run = { options, machine, hooks, passes: [], snapshots: [], verdicts: [], graph, module: undefined };
  record(run, { ...infoAt(0), status: "changed", ms: 0, opsBefore: 0, opsAfter: graph.nodes.length, hits: [] }, graph);
  let source: CppSource | undefined;
  let error: UserError | undefined;
  let lowered = false;
  for (const [i, pass] of pipeline.entries()) {
    const info = infoAt(i + 1);
    const skip = error !== undefined ? "an earlier pass failed" : skipReason(pass, run);
    if (skip !== undefined) {
      record(run, skipped(info, run, skip), current(run));
      continue;
    }
    error = runPass(run, pass, info);
    lowered = run.module !== undefined;
  }
  const info = infoAt(pipeline.length + 1);
  const stopped = options.onlyUntil === undefined ? notCompiled(run) : undefined;
  if (error === undefined && lowered && options.onlyUntil === undefined) ({ source, error } = emit(run, info));
  else
    record(
      run,
      skipped(info, run, error === undefined ? (stopped ?? "the pipeline was stopped before it") : "an earlier pass failed"),
      current(run),
    );
  const { passes, snapshots, verdicts, module } = run;
  return {
    options,
    machine,
    passes,
    snapshots,
    graph: run.graph,
    module,
    verdicts,
    unsupported: unsupportedNodes(run.graph),
    source,
    error,
  };
}

function runPass(run: Run, pass: Pass, info: PassInfo): UserError | undefined {
  const before = current(run);
  const hits: RuleHit[] = [];
  const verdicts: Verdict[] = [];
  const ctx: PassContext = { options: run.options, machine: run.machine, hit: (h) => hits.push(h), verdict: (v) => verdicts.push(v) };
  const start = run.hooks.now();
  try {
    if (run.hooks.cancelled?.() === true) userError("cancelled", { pass: pass.name });
    const after = apply(pass, run, ctx);
    const ms = run.hooks.now() - start;
    if (after !== before) verify(after, pass.name);
    if (isModule(after)) run.module = after;
    else run.graph = after;
    run.verdicts.push(...verdicts);
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

/** Why there is no code at all; undefined when every operator is compiled. */
function notCompiled({ graph }: Run): string | undefined {
  const [first, ...more] = unsupportedNodes(graph);
  return first && `${more.length + 1} of ${graph.nodes.length} operators are not compiled, the first is ${first.opType}`;
}

function skipReason(pass: Pass, run: Run): string | undefined {
  const { options, machine, passes } = run;
  if (options.without.includes(pass.name) && pass.optional) return "switched off";
  if (options.onlyUntil !== undefined && passes.some((p) => p.name === options.onlyUntil)) return `stopped after ${options.onlyUntil}`;
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
  run.hooks.onStage?.(event, snapshot);
}

const skipped = (info: PassInfo, run: Run, reason: string): PassEvent => {
  const ops = countOps(current(run));
  return { ...info, status: "skipped", reason, ms: 0, opsBefore: ops, opsAfter: ops, hits: [] };
};
const current = (run: Run): Snapshot => run.module ?? run.graph;
const infoAt = (i: number): PassInfo => passInfos[i] ?? bug(`no pass ${i}`);
/** Operators of a graph, statements of a module. */
export const countOps = (s: Snapshot): number => (isModule(s) ? countStatements(s) : s.nodes.length);

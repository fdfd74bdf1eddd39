/** The memory plan of one model, as the checker that shares no code with the planner sees it. */
import { compile, defaultOptions, type Compilation } from "#core";
import { localMachine, openSessionModel } from "#core/io";
import { arenaBound, overlaps } from "../../compiler-core/passes/3-tensor/check-memory.ts";
import { memoryReport } from "../../compiler-core/trace/memory-report.ts";

export interface MemoryPlan {
  readonly name: string;
  readonly threads: number;
  readonly peak: number;
  readonly bound: number;
  /** As the planner's own lifetimes have it. */
  readonly plannersBound: number;
  readonly without: number;
  readonly scratch: number;
  readonly packed: number;
  /** Buffers that are alive together and overlap: none in a sound plan. */
  readonly problems: readonly string[];
  /** Copies of parts that are gone, and that are left. */
  readonly sliced: number;
  readonly copied: number;
}

/** Undefined where there is no code. */
export function memoryPlanOf(file: string, name: string, threads: number): MemoryPlan | undefined {
  const model = openSessionModel(file);
  try {
    const c = compile(model.graph, { ...defaultOptions, threads }, localMachine(), { now: () => 0 });
    return planOf(c, name, threads);
  } finally {
    model.close();
  }
}

export function planOf({ module, verdicts }: Compilation, name: string, threads: number): MemoryPlan | undefined {
  if (module?.memory === undefined) return undefined;
  const count = (rule: RegExp): number => verdicts.filter((v) => rule.test(v.rule)).length;
  return {
    name,
    threads,
    peak: module.memory.arena,
    bound: arenaBound(module),
    plannersBound: memoryReport(module).lowerBoundBytes,
    without: module.memory.arenaWithoutReuse,
    scratch: module.memory.scratch,
    packed: module.memory.packed,
    problems: overlaps(module),
    sliced: count(/^place-slices\/(into|out-of)$/),
    copied: count(/^place-slices\/copied$/),
  };
}

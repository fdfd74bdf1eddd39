/** Time per fusion group: inside a run of the whole, by thread, from an instrumented build; and each cut out as a model of its own. */
import type { Compilation } from "../../compile.ts";
import { nodeCost } from "../../graph/cost.ts";
import { elements, staticShape, type Graph, type ValueId } from "../../graph/ir.ts";
import { bug } from "../../messages.ts";
import type { BenchRegion, Ratio } from "../../protocol/index.ts";
import type { ProfileResult, TensorFileRef } from "../../protocol/runner.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import { visitStmts } from "../../tensor/index.ts";
import { pairedRatio, quantile, sortNumbers } from "../statistics.ts";
import { withRegionCounters } from "./bench-observe.ts";
import { buildCode, type BuildSettings } from "./build.ts";
import type { NativeHost } from "./native-host.ts";

const batches = 15;
/** Of one batch. */
const batchSeconds = 0.03;

export interface RegionTimes {
  readonly regions: readonly BenchRegion[];
  /** Time of the instrumented build over that of the plain one. */
  readonly overhead: Ratio | undefined;
}

/** From a build that reads the time-stamp counter at every region. `medianMs`: of the plain build. */
export async function timeRegions(
  host: NativeHost,
  compilation: Compilation,
  inputs: readonly TensorFileRef[],
  medianMs: number,
  settings: BuildSettings,
): Promise<RegionTimes> {
  const source = compilation.source ?? bug("there is no code to time");
  const model = await host.load(await buildCode(source, { ...settings, profile: true }), "profiled");
  const runs = Math.max(1, Math.min(2000, Math.round((1000 * batchSeconds) / medianMs)));
  const profiles: ProfileResult[] = [];
  for (let batch = 0; batch < batches; batch++)
    profiles.push(await host.client.request("profile", { target: model.target, inputs, runs }, host.request()));
  const counted = await host.client.request("profile", { target: model.target, inputs, runs, counters: true }, host.request());
  await host.unload(model);
  const wholes = profiles.map((p) => p.ns.reduce((a, b) => a + b, 0) / p.runs / 1e6);
  const regions = source.plan.regions.map(({ id, name }): BenchRegion => {
    // The middle of the batches: one in which another program took the CPU says nothing about the code.
    const middle = (of: (p: ProfileResult) => number): number => quantile(sortNumbers(profiles.map((p) => of(p) / p.runs)), 0.5);
    const threads = (profiles[0]?.threads ?? []).map((_, t) => ({
      ns: middle((p) => p.threads[t]?.ns[id] ?? 0),
      waitNs: middle((p) => Math.max(0, ...p.threads.map((o) => o.ns[id] ?? 0)) - (p.threads[t]?.ns[id] ?? 0)),
      calls: middle((p) => p.threads[t]?.counts[id] ?? 0),
    }));
    return {
      group: id,
      name,
      ns: threads.reduce((sum, t) => sum + t.ns, 0),
      threads,
      kernels: kernelNames(compilation, id),
      ...workOf(compilation, id),
    };
  });
  const overhead = pairedRatio(
    wholes,
    wholes.map(() => medianMs),
  );
  return { regions: withRegionCounters(regions, counted.counters), overhead: Number.isFinite(overhead.median) ? overhead : undefined };
}

/** The microkernels that a fusion group, or all of the code, calls. */
export function kernelNames({ module }: Compilation, group?: number): readonly string[] {
  const names = new Set<string>();
  visitStmts(module?.run.body ?? [], (region) => {
    if (region.k !== "region" || (group !== undefined && region.group !== group)) return;
    visitStmts([region], (s) => s.k === "kernel" && names.add(s.kernel));
  });
  return [...names].sort();
}

/** Static work of a group: its operators' flops, and the bytes of its operands and results, each once. */
function workOf({ graph }: Compilation, group: number): { readonly flops?: number; readonly bytes?: number } {
  const members = new Set(graph.groups.find((g) => g.id === group)?.members.map((m) => m.node));
  const nodes = graph.nodes.filter((n) => members.has(n.id));
  if (nodes.length === 0) return {};
  const made = new Set(nodes.flatMap((n) => n.outputs));
  const readElsewhere = new Set([...graph.outputs, ...graph.nodes.filter((n) => !members.has(n.id)).flatMap((n) => n.inputs)]);
  const crossing = new Set([
    ...nodes.flatMap((n) => n.inputs.filter((v) => v !== null && !made.has(v))),
    ...[...made].filter((v) => readElsewhere.has(v)),
  ]);
  const flops = nodes.reduce((sum, n) => sum + nodeCost(graph, n).flops, 0);
  return { flops, bytes: bytesOf(graph, crossing) };
}

function bytesOf(graph: Graph, values: ReadonlySet<ValueId | null>): number {
  let sum = 0;
  for (const id of values) {
    const value = id === null ? undefined : graph.values[id];
    const shape = value === undefined ? undefined : staticShape(value);
    if (value !== undefined && shape !== undefined) sum += dtypeBytes(value.dtype, elements(shape));
  }
  return sum;
}

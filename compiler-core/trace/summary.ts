/** Everything about a compilation that is not a snapshot, as the command prints it and the inspector shows it. */
import type { Compilation } from "../compile.ts";
import { elements, staticShape, valueOf, type Graph, type SourceNode } from "../graph/ir.ts";
import { nodeCost } from "../graph/cost.ts";
import { dtypeBytes } from "../support/dtype.ts";
import type { CompilationSummary, KernelInfo, SourceNodeInfo } from "../protocol/trace.ts";
import { printModuleWithLines, visitStmts, type Module, type Stmt } from "../tensor/index.ts";
import { bufferInfos } from "../passes/3-tensor/buffer-infos.ts";
import { resolveIsa } from "../machine.ts";
import { isHole } from "../passes/2-lower/node-kind.ts";
import { coverageOf, holeInfos, partitionsOf } from "./coverage.ts";
import { fusionReport } from "./fusion/report.ts";
import { groupInfo } from "./graph-delta.ts";
import { memoryReport } from "./memory-report.ts";
import { pairOutcomes } from "./pair-outcomes.ts";

export function compilationSummary(c: Compilation): CompilationSummary {
  const { graph, module } = c;
  const totals = cost(graph);
  const pairs = pairOutcomes(c);
  return {
    model: graph.name,
    isa: resolveIsa(c.options.isa, c.machine),
    threads: c.options.threads,
    precision: c.options.precision,
    dims: c.options.dims,
    passes: c.passes,
    sources: graph.sources.map(sourceInfo),
    groups: graph.groups.map(groupInfo),
    verdicts: c.verdicts,
    unsupported: c.unsupported,
    coverage: coverageOf(graph, c.unsupported),
    holes: holeInfos(graph),
    partitions: module === undefined ? [] : partitionsOf(graph),
    ...(pairs.length === 0 ? {} : { pairs }),
    buffers: module === undefined ? [] : bufferInfos(module),
    kernels: module === undefined ? [] : kernelInfos(c, module),
    fusion: fusionReport(c),
    ...(module?.memory === undefined ? {} : { memory: memoryReport(module) }),
    arenaBytes: module?.memory?.arena ?? 0,
    arenaBytesWithoutReuse: module?.memory?.arenaWithoutReuse ?? 0,
    constantBytes: constantBytes(graph),
    ...(module?.memory === undefined ? {} : { packedBytes: module.memory.packed }),
    caches: { l1: c.machine.caches.l1d, l2: c.machine.caches.l2, l3: c.machine.caches.l3 },
    flops: totals.flops,
    bytes: totals.bytes,
  };
}

const sourceInfo = ({ path, opType, domain, name }: SourceNode): SourceNodeInfo => ({ path, opType, domain, name });

/** Operations and bytes of one run of the compiled part: what is done once at the first run is not counted. NaN when a shape is not known. */
export function cost(graph: Graph): { readonly flops: number; readonly bytes: number } {
  const run = graph.nodes.filter((n) => n.phase === "run" && !isHole(n)).map((n) => nodeCost(graph, n));
  return { flops: run.reduce((s, c) => s + c.flops, 0), bytes: run.reduce((s, c) => s + c.bytes, 0) };
}

/** Bytes of the constants that the last graph still uses. */
function constantBytes(graph: Graph): number {
  const used = new Set([...graph.nodes.flatMap((n) => n.inputs), ...graph.outputs]);
  return [...used].reduce<number>((sum, id) => {
    if (id === null || valueOf(graph, id).constant === undefined) return sum;
    const v = valueOf(graph, id);
    return sum + dtypeBytes(v.dtype, elements(staticShape(v) ?? []));
  }, 0);
}

/** One row per fusion group that has code: where it stands in the last Tensor IR text and in the C++ file. */
function kernelInfos(c: Compilation, module: Module): KernelInfo[] {
  const { regions, regionOf } = regionsOf([...module.init.body, ...module.run.body]);
  const [irLines, cppLines] = [printModuleWithLines(module).lines, c.source?.lines ?? []].map((lines) => lineSpans(lines, regionOf));
  return regions.map(({ id, group, name }) => ({
    group,
    name,
    irLines: irLines?.get(id) ?? [0, 0],
    cppLines: cppLines?.get(id) ?? [0, 0],
  }));
}

type Region = Extract<Stmt, { k: "region" }>;

/** The regions in order, and the id of the one that each statement is in. */
function regionsOf(body: readonly Stmt[]): { readonly regions: readonly Region[]; readonly regionOf: ReadonlyMap<number, number> } {
  const regions: Region[] = [];
  const regionOf = new Map<number, number>();
  visitStmts(body, (region) => {
    if (region.k !== "region") return;
    regions.push(region);
    visitStmts([region], (inner) => regionOf.set(inner.id, region.id));
  });
  return { regions, regionOf };
}

/** First and last of the lines that came from each region. A line may have come from several. */
function lineSpans(
  lines: readonly { readonly line: number; readonly stmt: number }[],
  regionOf: ReadonlyMap<number, number>,
): ReadonlyMap<number, readonly [number, number]> {
  const spans = new Map<number, readonly [number, number]>();
  for (const { line, stmt } of lines) {
    const region = regionOf.get(stmt);
    if (region === undefined) continue;
    const [first, last] = spans.get(region) ?? [line, line];
    spans.set(region, [Math.min(first, line), Math.max(last, line)]);
  }
  return spans;
}

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
  const irLines = printModuleWithLines(module).lines;
  return regions([...module.init.body, ...module.run.body]).map(({ group, name, statements }) => ({
    group,
    name,
    irLines: span(irLines.filter((l) => statements.has(l.stmt)).map((l) => l.line)),
    cppLines: span((c.source?.lines ?? []).filter((l) => statements.has(l.stmt)).map((l) => l.line)),
  }));
}

interface RegionStatements {
  readonly group: number;
  readonly name: string;
  readonly statements: ReadonlySet<number>;
}

function regions(body: readonly Stmt[]): RegionStatements[] {
  const found: RegionStatements[] = [];
  visitStmts(body, (s) => {
    if (s.k !== "region") return;
    const statements = new Set<number>();
    visitStmts([s], (inner) => statements.add(inner.id));
    found.push({ group: s.group, name: s.name, statements });
  });
  return found;
}

const span = (lines: readonly number[]): readonly [number, number] =>
  lines.length === 0 ? [0, 0] : [lines.reduce((a, b) => Math.min(a, b)), lines.reduce((a, b) => Math.max(a, b))];

/**
 * Estimated time of a group's nest, from the figures of the machine profile that the cost models of the passes read, too: arithmetic at the rate
 * of its instructions, shared out in waves of pieces; bytes at the rate of the nearest cache that holds them; barriers.
 */
import { nodeCost } from "../../graph/cost.ts";
import { elements, staticShape, valueOf, type Graph, type Group, type Node, type ValueId } from "../../graph/ir.ts";
import { f32Lanes, type IsaName, type MachineProfile, type MemoryLevel } from "../../machine.ts";
import { coreFigures, type CoreFigures } from "../../passes/2-lower/gemm-cost.ts";
import { nodeKind } from "../../passes/2-lower/node-kind.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import { partsOf } from "../../templates/chain-parts.ts";
import type { GroupCost } from "../../protocol/fusion.ts";
import type { NestShape } from "./nest-shape.ts";
import type { GroupTraffic, Traffic } from "./traffic.ts";

/** What a team of threads of this machine does. */
export class TeamFigures {
  readonly core: CoreFigures;
  readonly lanes: number;

  constructor(
    readonly machine: MachineProfile,
    isa: IsaName,
    readonly threads: number,
  ) {
    this.core = coreFigures(machine, isa, threads);
    this.lanes = f32Lanes(isa);
  }

  /** Nanoseconds in which one thread gets bytes of a value of `size` bytes, which another nest made. */
  readNs(bytes: number, size: number): number {
    return bytes / (this.core.bytes[this.home(size)] * this.core.ghz);
  }

  private home(size: number): MemoryLevel {
    return size <= fill * this.core.l2 ? "l2" : size <= fill * this.core.l3 * this.threads ? "l3" : "memory";
  }

  cyclesNs(cycles: number): number {
    return cycles / this.core.ghz;
  }
}

/** Of a cache, what a value may take before most of it is gone when it is read. */
const fill = 0.75;

/** How `pieces` are dealt out: pieces of the busiest thread, and the share of the threads' time that has work. */
export function dealtOut(pieces: number, threads: number): { readonly most: number; readonly parallelism: number } {
  const most = Math.ceil(pieces / Math.max(1, threads));
  return { most, parallelism: pieces / (most * Math.max(1, threads)) };
}

export function groupCost(group: Group, nest: NestShape, flow: GroupTraffic, traffic: Traffic, team: TeamFigures): GroupCost {
  const { most, parallelism } = dealtOut(nest.pieces, team.threads);
  const share = most / nest.pieces;
  const cycles = traffic.members(group).reduce((sum, n) => sum + nodeCycles(traffic.graph, n, team), 0);
  const moved = [...flow.reads, ...flow.writes].reduce((sum, v) => sum + team.readNs(traffic.bytes(v), traffic.bytes(v)), 0);
  const computeNs = team.cyclesNs(cycles) * share;
  const memoryNs = moved / Math.min(nest.threads, nest.pieces);
  const recomputeNs = again(group, traffic, team) * share;
  const launchNs = nest.barriers * team.core.barrierNs;
  const ns = Math.max(computeNs, memoryNs) + recomputeNs + launchNs;
  return { ns, computeNs, memoryNs, recomputeNs, launchNs, pieces: nest.pieces, threads: nest.threads, parallelism };
}

/** Cycles of one core: multiply-adds at the rate of its vectors (8-bit ones four at a time, 16-bit ones two), the rest an operation a lane a cycle. */
export function nodeCycles(graph: Graph, node: Node, { core, lanes }: TeamFigures): number {
  const { flops } = nodeCost(graph, node);
  if (!Number.isFinite(flops)) return 0;
  const { kind } = nodeKind(graph, node);
  if (kind !== "matmul" && kind !== "conv" && !/^(conv|depthwise|matmul)/.test(node.op)) return flops / lanes;
  const [left] = node.inputs;
  const wide = left === undefined || left === null ? 4 : Math.max(1, dtypeBytes(valueOf(graph, left).dtype, 1));
  return flops / 2 / (core.fma * lanes * Math.max(1, 4 / wide));
}

/** Nanoseconds of one thread for right operands that each stretch of rows packs for itself, beyond the first time. */
function again(group: Group, traffic: Traffic, team: TeamFigures): number {
  return partsOf(group).reduce((sum, part) => {
    const shape = extents(traffic.graph, traffic.node(part.leader)?.outputs[0]);
    const [rows, keys] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
    const share = Number(part.params["share"] ?? 0);
    if (!(share > 0)) return sum;
    const stretches = Math.ceil(rows / share);
    const depth = extents(traffic.graph, traffic.node(part.leader)?.inputs[0]).at(-1) ?? 1;
    const mix = part.members.find((m) => m.anchor === "mix");
    const columns = extents(traffic.graph, mix && traffic.node(mix.node)?.outputs[0]).at(-1) ?? 0;
    const packed = (part.params["packB"] === 1 ? depth : 0) + (part.params["packV"] === 1 ? columns : 0);
    const bytes = 4 * elements(shape.slice(0, -2)) * keys * packed;
    return sum + (stretches - 1) * team.readNs(2 * bytes, bytes);
  }, 0);
}

const extents = (graph: Graph, value: ValueId | null | undefined): readonly number[] =>
  value === undefined || value === null ? [] : (staticShape(valueOf(graph, value)) ?? []);

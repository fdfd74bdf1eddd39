/** What one thread works on at a time: its own buffers, and the blocks of operands and results that its template's parameters name. */
import { staticShape, valueOf, type Graph, type Group, type ValueId } from "../../graph/ir.ts";
import type { MachineProfile } from "../../machine.ts";
import type { CacheLevel, Footprint } from "../../protocol/fusion.ts";
import { dtypeBytes } from "../../support/dtype.ts";
import { partsOf } from "../../templates/chain-parts.ts";
import type { Traffic, GroupTraffic } from "./traffic.ts";

export function footprintOf(
  group: Group,
  flow: GroupTraffic,
  scratch: number,
  traffic: Traffic,
  caches: MachineProfile["caches"],
): Footprint {
  const own = partsOf(group).map((part) => productBlocks(part, traffic));
  const blocks = group.template === "view" ? 0 : Math.max(0, ...own) || rowBlocks(group, flow, traffic.graph);
  const bytes = scratch + blocks;
  return { bytes, scratch, blocks, level: levelOf(bytes, caches) };
}

export function levelOf(bytes: number, { l1d, l2, l3 }: MachineProfile["caches"]): CacheLevel {
  return bytes <= l1d ? "L1" : bytes <= l2 ? "L2" : bytes <= l3 ? "L3" : "memory";
}

/** Of a product: a block of rows of the left operand, of columns of the right one, and of the result. 0: it is none, or has no parameters. */
function productBlocks(part: Group, traffic: Traffic): number {
  const { graph } = traffic;
  const node = traffic.node(part.leader);
  const [left, right] = node?.inputs ?? [];
  if (node === undefined || left === undefined || left === null || right === undefined || right === null) return 0;
  const size = (name: string): number | undefined => (typeof part.params[name] === "number" ? part.params[name] : undefined);
  const k = lastExtent(graph, left);
  const rows = size("mc") ?? size("rows");
  if (rows === undefined || !["matmul", "attention", "matmul-rows"].includes(part.template)) return 0;
  const columns = size("nc") ?? size("keys") ?? size("colsPerThread") ?? lastExtent(graph, node.outputs[0] ?? left);
  const depth = Math.min(k, size("kc") ?? k);
  const wide = (v: ValueId): number => dtypeBytes(valueOf(graph, v).dtype, 1);
  // The scores of a merged nest are scratch, and counted there.
  const result = part.template === "matmul" ? wide(node.outputs[0] ?? left) * rows * columns : 0;
  return wide(left) * rows * depth + wide(right) * depth * columns + result;
}

/** Of a nest over rows: a row of each operand and result. Of one over points: a line of each. */
function rowBlocks(group: Group, flow: GroupTraffic, graph: Graph): number {
  const values = [...flow.reads, ...flow.writes];
  const whole = group.template === "rows" || group.template === "reduce";
  return values.reduce((sum, v) => {
    const bytes = dtypeBytes(valueOf(graph, v).dtype, lastExtent(graph, v));
    return sum + (whole ? bytes : Math.min(bytes, line));
  }, 0);
}

const line = 64;
const lastExtent = (graph: Graph, value: ValueId): number => staticShape(valueOf(graph, value))?.at(-1) ?? 1;

/** How much of a model is compiled, how much is left to ONNX Runtime, and in which parts they take turns. */
import { nodeCost } from "../graph/cost.ts";
import type { Graph, Group, Node, SourceNode } from "../graph/ir.ts";
import { isHole } from "../passes/2-lower/node-kind.ts";
import type { Coverage, HoleInfo, PartitionInfo, UnsupportedNode } from "../protocol/trace.ts";

/** Nodes of the file as a run sees them: those of the main graph, calls of functions replaced by their bodies, repetitions counted once. */
const counts = (source: SourceNode): boolean => source.makes !== undefined && source.copyOf === undefined;

/** The node of the file that a call of ONNX Runtime stands for. */
const sourceIndex = (node: Node): number => Number(node.attrs["source"]);

/**
 * Nodes whose results are known at compile time, or that no output needs, are compiled: no code is left of them, and none is needed. Work is that
 * of one run; of nodes in holes only what is known, the others are counted in `holeNodesWithoutFlops`.
 */
export function coverageOf(graph: Graph, unsupported: readonly UnsupportedNode[]): Coverage {
  const total = graph.sources.filter(counts).length;
  const calls = graph.nodes.filter(isHole);
  const original = (index: number): number => graph.sources[index]?.copyOf ?? index;
  const inHoles = new Set(calls.map((n) => original(sourceIndex(n))));
  const held = new Set([...inHoles].map((i) => graph.sources[i]?.path));
  const other = new Set(unsupported.map((u) => u.node).filter((path) => !held.has(path)));
  const run = graph.nodes.filter((n) => n.phase === "run" && n.op !== "opaque").map((n) => nodeCost(graph, n).flops);
  const compiledFlops = run.reduce((sum, f) => sum + (Number.isFinite(f) ? f : 0), 0);
  const known = calls.flatMap((n) => (typeof n.attrs["flops"] === "number" ? [n.attrs["flops"]] : []));
  return {
    nodes: total,
    compiledNodes: Math.max(0, total - inHoles.size - other.size),
    holeNodes: inHoles.size,
    otherNodes: other.size,
    flops: compiledFlops + known.reduce((a, b) => a + b, 0),
    compiledFlops,
    holeNodesWithoutFlops: calls.length - known.length,
  };
}

/** The calls of ONNX Runtime, in order. */
export function holeInfos(graph: Graph): readonly HoleInfo[] {
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  return graph.groups
    .filter((g) => g.template === "hole")
    .map((g, id) => ({ id, group: g.id, nodes: members(nodes, g).map((n) => rowOf(graph, n)) }));
}

function rowOf(graph: Graph, node: Node): HoleInfo["nodes"][number] {
  const source = graph.sources[sourceIndex(node)];
  const { path = "", domain = "", opType = "?" } = source ?? {};
  return { node: path, opType, domain, reason: String(node.attrs["reason"]) };
}

/** Stretches of groups that one party runs after the other: native code, and holes between. Constant work belongs to the first native one. */
export function partitionsOf(graph: Graph): readonly PartitionInfo[] {
  const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
  const parts: { kind: "native" | "hole"; groups: Group[] }[] = [];
  for (const group of graph.groups) {
    const kind = group.template === "hole" ? "hole" : "native";
    const last = parts.at(-1);
    if (last?.kind === "native" && kind === "native") last.groups.push(group);
    else parts.push({ kind, groups: [group] });
  }
  return parts.map(({ kind, groups }, id) => {
    const inside = groups.flatMap((g) => members(nodes, g));
    const sources = [...new Set(inside.flatMap((n) => (isHole(n) ? [sourceIndex(n)] : n.origin)))].sort((a, b) => a - b);
    return {
      id,
      kind,
      groups: groups.map((g) => g.id),
      ops: inside.map((n) => (n.op === "opaque" ? String(n.attrs["opType"]) : n.op)),
      onnxNodes: sources.map((i) => graph.sources[i]?.path ?? `#${i}`),
    };
  });
}

const members = (nodes: ReadonlyMap<number, Node>, group: Group): Node[] => group.members.flatMap((m) => nodes.get(m.node) ?? []);

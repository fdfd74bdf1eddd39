/** The operators of a graph that this compiler cannot turn into loops, each with the reason. */
import type { Graph } from "../../graph/ir.ts";
import { nodeKind } from "./node-kind.ts";
import type { UnsupportedNode } from "../../protocol/trace.ts";

/** One row per ONNX node, the first reason found; empty: the whole graph can be compiled. */
export function unsupportedNodes(graph: Graph): UnsupportedNode[] {
  const found = graph.nodes.flatMap((node) => {
    const kind = nodeKind(graph, node);
    if (kind.kind !== "unsupported") return [];
    const source = graph.sources[node.origin[0] ?? -1];
    return [{ node: source?.path ?? `%${node.id}`, opType: source?.opType ?? node.op, reason: kind.reason }];
  });
  return [...new Map([...found].reverse().map((u) => [u.node, u])).values()].reverse();
}

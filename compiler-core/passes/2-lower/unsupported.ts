/** The operators of a graph that this compiler cannot turn into loops, each with the reason. */
import type { Graph, Node } from "../../graph/ir.ts";
import type { UnsupportedNode } from "../../protocol/trace.ts";
import { nodeKind } from "./node-kind.ts";

/** One row per ONNX node, the first reason found, whether or not ONNX Runtime runs it; empty: the whole graph is compiled. */
export function unsupportedNodes(graph: Graph): UnsupportedNode[] {
  const found = graph.nodes.flatMap((node) => {
    const kind = nodeKind(graph, node);
    return kind.kind === "unsupported" || kind.kind === "hole" ? [rowOf(graph, node, kind.reason)] : [];
  });
  return [...new Map([...found].reverse().map((u) => [u.node, u])).values()].reverse();
}

/** Those that nobody can run: there is no code while there are any. */
export function impossibleNodes(graph: Graph): UnsupportedNode[] {
  return graph.nodes.flatMap((node) => {
    const kind = nodeKind(graph, node);
    return kind.kind === "unsupported" ? [rowOf(graph, node, kind.reason)] : [];
  });
}

function rowOf(graph: Graph, node: Node, reason: string): UnsupportedNode {
  const index = node.attrs["source"];
  const source = graph.sources[typeof index === "number" ? index : (node.origin[0] ?? -1)];
  return { node: source?.path ?? `%${node.id}`, opType: source?.opType ?? node.op, reason };
}

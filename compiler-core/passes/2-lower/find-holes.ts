/**
 * Which nodes of the file have to be left to ONNX Runtime, as far as a graph shows it. Asked twice per attempt of `compile`: once shapes are
 * known (`early`: a node stands for one of the file still), and once all graph passes have run.
 */
import type { Graph, Node, ValueId } from "../../graph/ir.ts";
import { staticShape, valueOf } from "../../graph/ir.ts";
import { nodeKind } from "./node-kind.ts";

/** A node of the graph that cannot be compiled, and why. */
export interface Refused {
  readonly node: Node;
  readonly reason: string;
}

/** Nodes with values that no pass can give a shape or a number any more. What no output depends on does not count. */
export function refusedEarly(graph: Graph): readonly Refused[] {
  const live = liveNodes(graph);
  return graph.nodes.flatMap((node): Refused[] => {
    if (!live.has(node)) return [];
    if (node.op === "opaque") return node.attrs["source"] === undefined ? [{ node, reason: String(node.attrs["reason"]) }] : [];
    const values = [...node.inputs, ...node.outputs].filter((v) => v !== null).map((v) => valueOf(graph, v));
    const shapeless = values.find((v) => staticShape(v) === undefined);
    if (shapeless !== undefined) return [{ node, reason: `the shape of value "${shapeless.name}" is only known at run time` }];
    return values.some((v) => v.dtype === "string") ? [{ node, reason: "elements of type string are not compiled" }] : [];
  });
}

/** Nodes that lowering could not write. */
export const refusedLate = (graph: Graph): readonly Refused[] =>
  graph.nodes.flatMap((node): Refused[] => {
    const kind = nodeKind(graph, node);
    return kind.kind === "unsupported" ? [{ node, reason: kind.reason }] : [];
  });

function liveNodes(graph: Graph): ReadonlySet<Node> {
  const needed = new Set<ValueId>(graph.outputs);
  const live = new Set<Node>();
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((id) => needed.has(id))) continue;
    live.add(node);
    for (const id of node.inputs) if (id !== null) needed.add(id);
  }
  return live;
}

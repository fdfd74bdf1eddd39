/**
 * The order in which native code and holes take turns. A node's phase is that of its latest producer, one more where the two are not run by
 * the same: so all holes of one phase can be one call, nothing between them leads through native code, and phases in order are an order of
 * execution. Nodes of functions that import another operator set are another kind of hole: a model has one version of each set.
 */
import type { Graph, Node, NodeId, ValueId } from "../../graph/ir.ts";
import { sourceRecord } from "../../onnx/source-nodes.ts";
import { isHole } from "./node-kind.ts";

export interface Phased {
  readonly node: Node;
  readonly phase: number;
  /** Who runs it: empty for native code, else the operator sets of the hole. */
  readonly runner: string;
}

/** The nodes by phase, otherwise in the order of the graph. Constant work has phase 0. */
export function byPhase(graph: Graph, runnerOf: (node: Node) => string = runnerOfNode(graph)): readonly Phased[] {
  const producer = new Map<ValueId, Node>();
  for (const n of graph.nodes) for (const v of n.outputs) producer.set(v, n);
  const phases = new Map<NodeId, Phased>();
  const list = graph.nodes.map((node): Phased => {
    const runner = runnerOf(node);
    let phase = 0;
    for (const v of node.inputs) {
      const from = v === null ? undefined : phases.get(producer.get(v)?.id ?? -1);
      if (from !== undefined) phase = Math.max(phase, from.phase + (from.runner === runner ? 0 : 1));
    }
    const row = { node, phase, runner };
    phases.set(node.id, row);
    return row;
  });
  if (list.every((row) => row.runner === "")) return list;
  return list
    .map((row, i) => ({ row, i }))
    .sort((a, b) => a.row.phase - b.row.phase || a.i - b.i)
    .map(({ row }) => row);
}

const runnerOfNode =
  (graph: Graph) =>
  (node: Node): string => {
    if (!isHole(node)) return "";
    const opsets = sourceRecord(graph.sources[Number(node.attrs["source"])])?.flat.opsets ?? new Map<string, number>();
    return `ort ${[...opsets]
      .map(([domain, version]) => `${domain}:${version}`)
      .sort()
      .join(" ")}`;
  };

/** How many products in bf16 lie on the longest way to an output: what the error that they may cost is counted in. */
import type { Graph, ValueId } from "../../graph/ir.ts";

export function bf16ProductsInARow(graph: Graph, output: ValueId | undefined): number {
  const depth = new Map<ValueId, number>();
  for (const node of graph.nodes) {
    const before = Math.max(0, ...node.inputs.map((v) => (v === null ? 0 : (depth.get(v) ?? 0))));
    for (const v of node.outputs) depth.set(v, before + (node.op === "matmul-bf16" ? 1 : 0));
  }
  return output === undefined ? 0 : (depth.get(output) ?? 0);
}

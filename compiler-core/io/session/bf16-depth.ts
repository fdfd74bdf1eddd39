/** How many products in bf16 lie on the longest way to an output: what the error that they may cost is counted in. */
import type { Graph, NodeId, ValueId } from "../../graph/ir.ts";

export function bf16ProductsInARow(graph: Graph, output: ValueId | undefined): number {
  const depth = new Map<ValueId, number>();
  const inNests = bf16Members(graph);
  for (const node of graph.nodes) {
    const before = Math.max(0, ...node.inputs.map((v) => (v === null ? 0 : (depth.get(v) ?? 0))));
    for (const v of node.outputs) depth.set(v, before + (node.op === "matmul-bf16" || inNests.has(node.id) ? 1 : 0));
  }
  return output === undefined ? 0 : (depth.get(output) ?? 0);
}

/** Products of nests that `merge-nests` gave a kernel for bf16. */
function bf16Members(graph: Graph): ReadonlySet<NodeId> {
  const products = new Set(graph.nodes.filter((n) => n.op === "matmul").map((n) => n.id));
  return new Set(
    graph.groups.flatMap((g) =>
      g.members
        .filter((m) => products.has(m.node) && String(g.params[`${m.anchor}Kernel`] ?? "").startsWith("gemm_bf16"))
        .map((m) => m.node),
    ),
  );
}

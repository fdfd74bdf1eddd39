/** Removes nodes that no output depends on. */
import type { Graph, Node, ValueId } from "../../graph/ir.ts";
import { graphPass, type PassContext } from "../pass.ts";

export const eliminateDead = graphPass({
  name: "eliminate-dead",
  why: "Removes what no output depends on.",
  optional: true,
  run,
});

function run(graph: Graph, ctx: PassContext): Graph {
  const needed = new Set<ValueId>(graph.outputs);
  const kept: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((id) => needed.has(id))) {
      ctx.hit({ rule: "eliminate-dead/remove", before: [node.id], after: [] });
      continue;
    }
    kept.push(node);
    for (const id of node.inputs) if (id !== null) needed.add(id);
  }
  if (kept.length === graph.nodes.length) return graph;
  const used = new Set<ValueId>([...graph.inputs, ...needed, ...kept.flatMap((n) => n.outputs)]);
  return { ...graph, nodes: kept.reverse(), values: graph.values.map((v, i) => (used.has(i) ? v : undefined)) };
}

/** Nodes that turn out to be impossible stay in the graph, to be shown with the reason. */
import type { Node } from "./ir.ts";

/** The node as one that is not compiled, for this reason. */
export const refusedNode = (node: Node, reason: string): Node => ({
  ...node,
  op: "opaque",
  attrs: { domain: "", opType: node.op, reason, attributes: [] },
});

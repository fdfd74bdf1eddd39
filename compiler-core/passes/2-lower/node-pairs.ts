/** `--force A+B` and `--forbid A+B`: pairs of ONNX nodes, as the fusion pass asks about them. */
import type { Graph, Group, Node } from "../../graph/ir.ts";
import { findSource } from "../../graph/node-ref.ts";
import type { CompileOptions } from "../../options.ts";

export interface PairLookup {
  forbids(group: Pick<Group, "members">, node: Node): boolean;
  forces(group: Pick<Group, "members">, node: Node): boolean;
}

export function pairLookup(graph: Graph, options: CompileOptions): PairLookup {
  const origins = new Map(graph.nodes.map((n) => [n.id, n.origin]));
  const resolve = (pairs: CompileOptions["force"]): (readonly [number, number])[] =>
    pairs.map(([a, b]) => [findSource(graph.sources, a), findSource(graph.sources, b)]);
  const has = (pairs: readonly (readonly [number, number])[], draft: Pick<Group, "members">, node: Node): boolean => {
    const inGroup = new Set(draft.members.flatMap((m) => origins.get(m.node) ?? []));
    return pairs.some(([a, b]) => (inGroup.has(a) && node.origin.includes(b)) || (inGroup.has(b) && node.origin.includes(a)));
  };
  const [force, forbid] = [resolve(options.force), resolve(options.forbid)];
  return {
    forbids: (draft, node) => forbid.length > 0 && has(forbid, draft, node),
    forces: (draft, node) => force.length > 0 && has(force, draft, node),
  };
}

/**
 * Nodes by id, by their place in the order, and by what they make; results of the graph. The tables are built once per list, which is immutable: a
 * pass may ask as often as it has nodes.
 */
import type { Graph, Node, NodeId, ValueId } from "./ir.ts";

interface Tables {
  readonly places: ReadonlyMap<NodeId, number>;
  readonly makers: ReadonlyMap<ValueId, Node>;
}

const tablesOf = new WeakMap<readonly Node[], Tables>();
const resultsOf = new WeakMap<readonly ValueId[], ReadonlySet<ValueId>>();

function tables({ nodes }: Graph): Tables {
  const known = tablesOf.get(nodes);
  if (known !== undefined) return known;
  const places = new Map<NodeId, number>();
  const makers = new Map<ValueId, Node>();
  nodes.forEach((n, i) => {
    places.set(n.id, i);
    for (const v of n.outputs) makers.set(v, n);
  });
  const made = { places, makers };
  tablesOf.set(nodes, made);
  return made;
}

/** Where a node stands among the nodes of its graph; undefined: it is not in it. */
export const placeOf = (graph: Graph, id: NodeId): number | undefined => tables(graph).places.get(id);

/** The node with this id; undefined: it is not in the graph. */
export function nodeOf(graph: Graph, id: NodeId): Node | undefined {
  const place = placeOf(graph, id);
  return place === undefined ? undefined : graph.nodes[place];
}

/** The node that makes a value; undefined for inputs and constants. */
export const makerOf = (graph: Graph, value: ValueId): Node | undefined => tables(graph).makers.get(value);

/** Does the graph give this value out? */
export function isResult({ outputs }: Graph, value: ValueId): boolean {
  let results = resultsOf.get(outputs);
  if (results === undefined) {
    results = new Set(outputs);
    resultsOf.set(outputs, results);
  }
  return results.has(value);
}

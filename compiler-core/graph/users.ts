/** Who reads a value. */
import type { Graph, Node, ValueId } from "./ir.ts";

const userTables = new WeakMap<readonly Node[], Map<ValueId, Node[]>>();

/** The nodes that read a value. The table is built once per node list: node lists are immutable. */
export function usersOf(graph: Graph, value: ValueId): readonly Node[] {
  let table = userTables.get(graph.nodes);
  if (table === undefined) {
    table = new Map();
    for (const n of graph.nodes) for (const v of new Set(n.inputs)) if (v !== null) enter(table, v, n);
    userTables.set(graph.nodes, table);
  }
  return table.get(value) ?? [];
}

/** A value may have as many readers as there are nodes. */
function enter(table: Map<ValueId, Node[]>, value: ValueId, node: Node): void {
  const known = table.get(value);
  if (known === undefined) table.set(value, [node]);
  else known.push(node);
}

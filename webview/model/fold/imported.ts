/** The imported graph as a list in its order, which is what clusters are found in. */
import type { NodeRow, Snapshot, ValueRow } from "../trace.ts";

/** Nodes of the imported graph in topological order. */
export interface Imported {
  readonly nodes: readonly NodeRow[];
  /** What each is called in the model; without a name, what its first result is called. */
  readonly names: readonly string[];
  /** Producers of the inputs of each, by place in the order; -1: a graph input or a constant. Missing inputs are left out. */
  readonly producers: readonly (readonly number[])[];
  readonly values: ReadonlyMap<number, ValueRow>;
}

const known = new WeakMap<Snapshot["nodes"], Imported>();

export function importedOf(snapshot: Snapshot): Imported {
  const before = known.get(snapshot.nodes);
  if (before) return before;
  const order = snapshot.order.length === snapshot.nodes.size ? snapshot.order : Int32Array.from(snapshot.nodes.keys());
  const nodes = Array.from(order, (id) => snapshot.nodes.get(id)).filter((node) => node !== undefined);
  const places = new Map<number, number>();
  nodes.forEach((node, place) => node.outputs.forEach((value) => places.set(value, place)));
  const made: Imported = {
    nodes,
    names: nodes.map((node) => node.name || snapshot.values.get(node.outputs[0] ?? -1)?.name || ""),
    producers: nodes.map(({ inputs }) =>
      Array.from(
        inputs.filter((value) => value >= 0),
        (value) => places.get(value) ?? -1,
      ),
    ),
    values: snapshot.values,
  };
  known.set(snapshot.nodes, made);
  return made;
}

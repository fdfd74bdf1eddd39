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
  /** 1: what it makes depends on constants alone; it belongs to those that read it, wherever the file has it. */
  readonly steady: Uint8Array;
}

const known = new WeakMap<Snapshot["nodes"], Imported>();

export function importedOf(snapshot: Snapshot): Imported {
  const before = known.get(snapshot.nodes);
  if (before) return before;
  const order = snapshot.order.length === snapshot.nodes.size ? snapshot.order : Int32Array.from(snapshot.nodes.keys());
  const nodes = Array.from(order, (id) => snapshot.nodes.get(id)).filter((node) => node !== undefined);
  const places = new Map<number, number>();
  nodes.forEach((node, place) => node.outputs.forEach((value) => places.set(value, place)));
  const producers = nodes.map(({ inputs }) =>
    Array.from(
      inputs.filter((value) => value >= 0),
      (value) => places.get(value) ?? -1,
    ),
  );
  const made: Imported = {
    nodes,
    producers,
    steady: steadyOf(nodes, producers, snapshot),
    names: nodes.map((node) => node.name || snapshot.values.get(node.outputs[0] ?? -1)?.name || ""),
    values: snapshot.values,
  };
  known.set(snapshot.nodes, made);
  return made;
}

function steadyOf(nodes: readonly NodeRow[], producers: Imported["producers"], { values }: Snapshot): Uint8Array {
  const steady = new Uint8Array(nodes.length);
  nodes.forEach(({ inputs }, i) => {
    const made = inputs.filter((value) => value >= 0);
    const fixed = (value: number, k: number): boolean => {
      const producer = producers[i]?.[k] ?? -1;
      return producer >= 0 ? steady[producer] === 1 : values.get(value)?.constant === true;
    };
    if (made.every(fixed)) steady[i] = 1;
  });
  return steady;
}

/** The same without steady nodes, and where each stands in the whole. */
export function withoutSteady(graph: Imported): { readonly graph: Imported; readonly places: Int32Array } {
  const kept = Array.from(graph.nodes.keys()).filter((i) => graph.steady[i] === 0);
  const now = new Int32Array(graph.nodes.length).fill(-1);
  kept.forEach((i, place) => (now[i] = place));
  return {
    places: Int32Array.from(kept),
    graph: {
      nodes: kept.map((i) => graph.nodes[i] as NodeRow),
      names: kept.map((i) => graph.names[i] as string),
      producers: kept.map((i) => (graph.producers[i] ?? []).map((producer) => (producer < 0 ? -1 : (now[producer] as number)))),
      values: graph.values,
      steady: new Uint8Array(kept.length),
    },
  };
}

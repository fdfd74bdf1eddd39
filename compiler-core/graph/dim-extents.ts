/** The extents that the symbolic dimensions of a model have in a compilation, or in tensors that are given to it. */
import type { Graph, Shape } from "./ir.ts";

/** The extents that a compilation gave, by name in order of appearance; `specialised` is a later snapshot of `imported`. */
export const dimExtents = (imported: Graph, specialised: Graph): Readonly<Record<string, number>> =>
  // Inputs keep their ids.
  extentsOfInputs(imported, (i) => specialised.values[imported.inputs[i] ?? -1]?.shape);

/** By name, the first extent that the shapes of input 0, 1, ... have where `graph` has that name. */
export function extentsOfInputs(graph: Graph, shapeOf: (input: number) => Shape | undefined): Readonly<Record<string, number>> {
  const extents = new Map<string, number>();
  graph.inputs.forEach((id, i) => {
    const shape = shapeOf(i);
    graph.values[id]?.shape?.forEach((dim, axis) => {
      const size = shape?.[axis];
      if (typeof dim === "string" && typeof size === "number" && !extents.has(dim)) extents.set(dim, size);
    });
  });
  // Own members, whatever the names are ("__proto__").
  return Object.fromEntries(extents);
}

/** The extents that a compilation gives to the symbolic dimensions of a model. */
import type { Graph } from "./ir.ts";

/** By name, in order of appearance; `specialised` is a later snapshot of `imported`. Read off the inputs, which keep their ids. */
export function dimExtents(imported: Graph, specialised: Graph): Readonly<Record<string, number>> {
  const extents: Record<string, number> = {};
  for (const id of imported.inputs) {
    imported.values[id]?.shape?.forEach((dim, axis) => {
      const size = specialised.values[id]?.shape?.[axis];
      if (typeof dim === "string" && typeof size === "number") extents[dim] ??= size;
    });
  }
  return extents;
}

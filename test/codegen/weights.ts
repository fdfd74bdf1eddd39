/** The constants that a module reads, in slot order. */
import { valueOf, type Graph } from "../../compiler-core/graph/ir.ts";
import { decode, type NdArray } from "../../compiler-core/graph/ndarray.ts";
import type { Module } from "../../compiler-core/tensor/ir.ts";

export function weightsOf(graph: Graph, module: Module): NdArray[] {
  return module.buffers
    .filter((b) => b.scope === "weight")
    .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0))
    .map((b) => {
      const c = graph.constants.get(valueOf(graph, b.value!).constant!);
      return decode(c.dtype, b.shape, c.bytes());
    });
}

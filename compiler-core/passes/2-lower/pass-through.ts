/** Graph results that no nest computes: inputs and constants handed out unchanged are copied. */
import { elements, valueOf, type Graph } from "../../graph/ir.ts";
import type { Stmt } from "../../tensor/ir.ts";
import type { ModuleBuilder } from "../../templates/module-builder.ts";
import type { Storage } from "../../templates/storage.ts";

export function passThrough(graph: Graph, builder: ModuleBuilder, storage: Storage): Stmt[] {
  const made = new Set(graph.nodes.flatMap((n) => n.outputs));
  return graph.outputs.flatMap((v, i) => {
    const slot = storage.ports.outputSlot(i);
    if (slot === undefined || (made.has(v) && graph.outputs.indexOf(v) === i)) return [];
    const value = valueOf(graph, v);
    const total = elements(storage.shape(v));
    const out = builder.buffer({ name: `${value.name}.out`, dtype: value.dtype, shape: [total], scope: "output", slot });
    return [
      builder.loop("vector", "i", 0, total, [], (at) => [
        builder.store({ buffer: out, index: [at] }, storage.literal(v) ?? storage.readAt(v, { offset: at }), []),
      ]),
    ];
  });
}

/** Static estimates of what a node costs, from the registry. */
import { staticShape, valueOf, type Graph, type Node } from "./ir.ts";
import { opOf } from "./ops/index.ts";
import { defaultBytes, type StaticType } from "./ops/op.ts";

export interface NodeCost {
  /** Arithmetic operations; NaN when a shape is not known or the operator is opaque. */
  readonly flops: number;
  /** Bytes read and written if nothing stays in a cache; NaN when a shape is not known. */
  readonly bytes: number;
}

const unknown: NodeCost = { flops: NaN, bytes: NaN };

export function nodeCost(graph: Graph, node: Node): NodeCost {
  const typed = (id: number | null): StaticType | null | undefined => {
    if (id === null) return null;
    const v = valueOf(graph, id);
    const shape = staticShape(v);
    return shape && { dtype: v.dtype, shape };
  };
  const inputs = node.inputs.map(typed);
  const outputs = node.outputs.map(typed);
  if (inputs.includes(undefined) || outputs.includes(undefined)) return unknown;
  const call = { inputs: inputs as (StaticType | null)[], outputs: outputs as StaticType[], attrs: node.attrs };
  const row = opOf(node.op);
  const bytes = (row.bytes ?? defaultBytes)(call);
  return { flops: row.traits.includes("opaque") ? NaN : row.flops(call), bytes };
}

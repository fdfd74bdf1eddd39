/**
 * Which values have memory of ours, and which are left to the host: those without a known shape, strings, sequences, and what goes from one
 * hole to another without native code in between.
 */
import { memoryType } from "../codegen/literals.ts";
import { staticShape, valueOf, type Graph, type ValueId } from "../graph/ir.ts";
import { dtypeBits } from "../support/dtype.ts";

export interface Ports {
  /** Values that the host keeps, by slot. */
  readonly host: readonly ValueId[];
  readonly isHost: (value: ValueId) => boolean;
  /** Position among the buffers handed in or out, of graph input or output `i`; undefined where the host keeps it. */
  readonly inputSlot: (i: number) => number | undefined;
  readonly outputSlot: (i: number) => number | undefined;
}

const tables = new WeakMap<Graph, Ports>();

export function portsOf(graph: Graph): Ports {
  const known = tables.get(graph);
  if (known !== undefined) return known;
  const read = new Set<ValueId>();
  for (const n of graph.nodes) if (n.op !== "opaque") for (const v of n.inputs) if (v !== null) read.add(v);
  const outputs = new Set(graph.outputs);
  // What a file declares can be wrong: only what native code reads has to be as declared.
  const handedOut = (v: ValueId): boolean => outputs.has(v) && valueOf(graph, v).shapeSource === "inferred";
  const host = [
    ...graph.inputs.filter((v) => !hasMemory(graph, v)),
    ...leavingHoles(graph).filter((v) => !hasMemory(graph, v) || (!read.has(v) && !handedOut(v))),
  ];
  const kept = new Set(host);
  const ports: Ports = {
    host,
    isHost: (v) => kept.has(v),
    inputSlot: slots(graph.inputs, kept),
    outputSlot: slots(graph.outputs, kept),
  };
  tables.set(graph, ports);
  return ports;
}

/** Results of holes that something outside of their hole reads. */
function leavingHoles(graph: Graph): readonly ValueId[] {
  const groups = new Map(graph.groups.flatMap((g) => g.members.map((m) => [m.node, g.id] as const)));
  const maker = new Map(graph.nodes.filter((n) => n.op === "opaque").flatMap((n) => n.outputs.map((v) => [v, groups.get(n.id)] as const)));
  const leaving = new Set(graph.outputs.filter((v) => maker.has(v)));
  for (const n of graph.nodes)
    for (const v of n.inputs) if (v !== null && maker.has(v) && maker.get(v) !== groups.get(n.id)) leaving.add(v);
  return [...maker.keys()].filter((v) => leaving.has(v));
}

/** A shape of numbers, and elements of whole bytes or of bits that generated code can pick out. */
function hasMemory(graph: Graph, id: ValueId): boolean {
  const v = valueOf(graph, id);
  return staticShape(v) !== undefined && (dtypeBits[v.dtype] >= 8 || memoryType(v.dtype) !== undefined);
}

function slots(values: readonly ValueId[], host: ReadonlySet<ValueId>): (i: number) => number | undefined {
  let next = 0;
  const table = values.map((v) => (host.has(v) ? undefined : next++));
  return (i) => table[i];
}

/**
 * Reference evaluation of graphs: the oracle for generated code (`native`) and the yardstick for accuracy (`f64`). Only nodes that the
 * wanted values depend on are evaluated, and intermediate values are dropped after their last use.
 */
import { bug, userError } from "../messages.ts";
import { isFloat } from "../support/dtype.ts";
import { shapeText } from "./dims.ts";
import { staticShape, valueOf, type Graph, type Node, type ValueId } from "./ir.ts";
import { canonicalLate } from "./late.ts";
import { decode, evaluable, type Mode, type NdArray } from "./ndarray.ts";
import { opOf } from "./ops/index.ts";

export interface EvalOptions {
  readonly mode?: Mode;
  /** Values to compute; default: the graph's outputs. */
  readonly want?: readonly ValueId[];
}

/**
 * Evaluates a graph with static shapes. `given` holds the graph's inputs, and any other values that are known already (their producers are
 * then not evaluated). Throws `not-evaluable` for opaque nodes and unknown shapes on the way to a wanted value.
 */
export function evaluateGraph(graph: Graph, given: ReadonlyMap<ValueId, NdArray>, options: EvalOptions = {}): Map<ValueId, NdArray> {
  const mode = options.mode ?? "native";
  const want = options.want ?? graph.outputs;
  const values = new Map<ValueId, NdArray>();
  for (const [id, data] of given) values.set(id, asMode(data, mode));
  const needed = neededNodes(graph, want, given);
  const uses = countUses(needed, want);
  const operand = (id: ValueId): NdArray => {
    const have = values.get(id) ?? constant(graph, id, mode);
    values.set(id, have);
    return have;
  };
  for (const node of needed) {
    const inputs = node.inputs.map((id) => (id === null ? null : operand(id)));
    const results = evaluateNode(graph, node, inputs, mode);
    node.outputs.forEach((id, i) => values.set(id, results[i]!));
    for (const id of node.inputs) {
      if (id === null) continue;
      const left = uses.get(id)! - 1;
      uses.set(id, left);
      if (left === 0) values.delete(id);
    }
  }
  return new Map(want.map((id) => [id, operand(id)]));
}

/** Evaluates one node on given operands. */
export function evaluateNode(graph: Graph, node: Node, inputs: readonly (NdArray | null)[], mode: Mode): readonly NdArray[] {
  const row = opOf(node.op);
  const outputs = node.outputs.map((id) => {
    const v = valueOf(graph, id);
    const shape = staticShape(v);
    return shape && { dtype: v.dtype, shape };
  });
  if (row.eval === undefined)
    userError("not-evaluable", { node: node.name }, { what: String(node.attrs["reason"] ?? `${node.op} has no evaluation`) });
  if (outputs.includes(undefined)) userError("not-evaluable", { node: node.name }, { what: "the shape of its result is not known" });
  const baked = canonicalLate(row, { inputs, attrs: node.attrs });
  return row.eval({ ...baked, outputs: outputs.map((t) => t!), mode });
}

function constant(graph: Graph, id: ValueId, mode: Mode): NdArray {
  const v = valueOf(graph, id);
  if (v.constant === undefined) bug(`value %${id} "${v.name}" of ${shapeText(v.shape)} has no data`);
  const c = graph.constants.get(v.constant);
  if (!evaluable(c.dtype)) userError("not-evaluable", {}, { what: `constant "${v.name}" has elements of type ${c.dtype}` });
  return decode(c.dtype, c.shape, c.bytes(), mode);
}

/** Floats as the mode keeps them; anything else as it is. */
function asMode(nd: NdArray, mode: Mode): NdArray {
  const wide = mode === "f64" && isFloat(nd.dtype) && !(nd.data instanceof Float64Array);
  return wide ? { ...nd, data: Float64Array.from(nd.data as Float32Array) } : nd;
}

/** The nodes that `want` depends on, in order, going back no further than the given values. */
function neededNodes(graph: Graph, want: readonly ValueId[], given: ReadonlyMap<ValueId, NdArray>): readonly Node[] {
  const needed = new Set(want.filter((id) => !given.has(id)));
  const out: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((id) => needed.has(id))) continue;
    out.push(node);
    for (const id of node.inputs) if (id !== null && !given.has(id)) needed.add(id);
  }
  return out.reverse();
}

function countUses(nodes: readonly Node[], want: readonly ValueId[]): Map<ValueId, number> {
  const uses = new Map<ValueId, number>();
  const use = (id: ValueId | null): void => void (id !== null && uses.set(id, (uses.get(id) ?? 0) + 1));
  for (const node of nodes) node.inputs.forEach(use);
  want.forEach(use);
  return uses;
}

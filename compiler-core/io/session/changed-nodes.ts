/**
 * Evaluates one graph snapshot after the other in f64, and only what changed: a node that is the same object as before, on operands that kept their
 * values, is not evaluated again. Where a new node gives the values that the old one gave, nothing behind it is, either.
 */
import { evaluateNode } from "../../graph/eval.ts";
import { valueOf, type Graph, type Node, type NodeId, type ValueId } from "../../graph/ir.ts";
import { decode, evaluable, type NdArray } from "../../graph/ndarray.ts";
import { bug, userError } from "../../messages.ts";
import { difference } from "../accuracy.ts";

/** Values are the same where they differ by less than this of the greatest: sums in another order, a constant rounded to f32. */
const same = 2 ** -22;

export class ChangedNodes {
  /** In f64, of all values that are alive in the last snapshot. */
  private readonly values = new Map<ValueId, NdArray>();
  private before: ReadonlyMap<NodeId, Node> = new Map();

  constructor(given: ReadonlyMap<ValueId, NdArray>) {
    for (const [id, data] of given) this.values.set(id, wide(data));
  }

  /** The value of a wanted output of the last snapshot. */
  value(graph: Graph, id: ValueId): NdArray {
    return this.values.get(id) ?? constantOf(graph, id) ?? bug(`value %${id} was not evaluated`);
  }

  /** Evaluates what changed and the wanted values depend on. Gives how many nodes that were. Throws `not-evaluable`. */
  follow(graph: Graph, want: readonly ValueId[]): { readonly evaluated: number; readonly of: number } {
    const needed = neededNodes(graph, want);
    const dirty = new Set<ValueId>();
    let evaluated = 0;
    for (const node of needed) {
      const known = this.before.get(node.id) === node && node.outputs.every((id) => this.values.has(id));
      if (known && !node.inputs.some((id) => id !== null && (dirty.has(id) || this.newConstant(graph, id)))) continue;
      evaluated++;
      const inputs = node.inputs.map((id) => (id === null ? null : this.operand(graph, id)));
      const results = evaluateNode(graph, node, inputs, "f64");
      node.outputs.forEach((id, i) => {
        const [old, now] = [this.values.get(id), results[i] ?? bug(`${node.op} has no result ${i}`)];
        if (old !== undefined && agree(old, now)) return;
        this.values.set(id, now);
        dirty.add(id);
      });
    }
    this.forget(graph, needed, want);
    return { evaluated, of: needed.length };
  }

  /** A value that became a constant at this snapshot: its old value may be another. */
  private newConstant(graph: Graph, id: ValueId): boolean {
    const old = this.values.get(id);
    const constant = old === undefined ? undefined : constantOf(graph, id);
    if (old === undefined || constant === undefined) return false;
    this.values.delete(id);
    return !agree(old, constant);
  }

  private operand(graph: Graph, id: ValueId): NdArray {
    return constantOf(graph, id) ?? this.values.get(id) ?? bug(`value %${id} "${valueOf(graph, id).name}" has no data`);
  }

  private forget(graph: Graph, needed: readonly Node[], want: readonly ValueId[]): void {
    const alive = new Set<ValueId>([...graph.inputs, ...want, ...needed.flatMap((n) => n.outputs)]);
    for (const id of this.values.keys()) if (!alive.has(id)) this.values.delete(id);
    this.before = new Map(needed.map((n) => [n.id, n]));
  }
}

/** Equal up to rounding, relative to the greatest finite element. */
function agree(a: NdArray, b: NdArray): boolean {
  if (a.data.length !== b.data.length) return false;
  let greatest = 0;
  for (let i = 0; i < a.data.length; i++) {
    const v = Math.abs(Number(a.data[i]));
    if (v > greatest && Number.isFinite(v)) greatest = v;
  }
  for (let i = 0; i < a.data.length; i++) {
    if (a.data[i] === b.data[i]) continue;
    if (difference(Number(a.data[i]), Number(b.data[i])) > same * greatest) return false;
  }
  return true;
}

function constantOf(graph: Graph, id: ValueId): NdArray | undefined {
  const { constant, name } = valueOf(graph, id);
  if (constant === undefined) return undefined;
  const { dtype, shape, bytes } = graph.constants.get(constant);
  if (!evaluable(dtype)) userError("not-evaluable", {}, { what: `constant "${name}" has elements of type ${dtype}` });
  return decode(dtype, shape, bytes(), "f64");
}

const wide = (x: NdArray): NdArray => (x.data instanceof Float32Array ? { ...x, data: Float64Array.from(x.data) } : x);

/** In the order of the graph. */
function neededNodes(graph: Graph, want: readonly ValueId[]): readonly Node[] {
  const needed = new Set(want);
  const out: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((id) => needed.has(id))) continue;
    out.push(node);
    for (const id of node.inputs) if (id !== null) needed.add(id);
  }
  return out.reverse();
}

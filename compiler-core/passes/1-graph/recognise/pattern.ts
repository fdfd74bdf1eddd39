/** Small questions that patterns ask. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { OpName } from "../../../graph/ops/index.ts";

/** The value of a constant scalar (or one-element tensor). */
export function scalarOf(e: GraphEditor, id: ValueId | null | undefined): number | undefined {
  const data = e.constant(id, 1);
  return data !== undefined && data.data.length === 1 ? Number(data.data[0]) : undefined;
}

/** Constants in models are rounded to f32 or f16, or written with few digits. */
export const near = (a: number | undefined, b: number): boolean => a !== undefined && Math.abs(a - b) <= 2e-3 * Math.abs(b);

/** The producer of a value if it is a node of this operator. */
export function producedBy(e: GraphEditor, id: ValueId | null | undefined, op: OpName): Node | undefined {
  const p = e.producer(id);
  return p?.op === op ? p : undefined;
}

/** The operands of a product, written out through products that nobody else reads; with the nodes that were passed. */
export function factors(
  e: GraphEditor,
  root: Node,
  limit: number,
): { readonly values: readonly ValueId[]; readonly nodes: readonly Node[] } {
  const nodes = [root];
  let values = root.inputs as readonly ValueId[];
  for (let grown = true; grown && values.length < limit;) {
    const inner = values.map((v) => (e.hasOneUse(v) ? producedBy(e, v, "mul") : undefined)).find((n) => n !== undefined);
    grown = inner !== undefined;
    if (inner === undefined) break;
    nodes.push(inner);
    values = values.flatMap((v) => (v === inner.outputs[0] ? (inner.inputs as readonly ValueId[]) : [v]));
  }
  return { values, nodes };
}

/** The other operand of `a op c`, where c is a scalar constant near `value`. */
export function besideScalar(e: GraphEditor, node: Node, value: number): ValueId | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  if (near(scalarOf(e, b), value)) return a;
  return near(scalarOf(e, a), value) ? b : undefined;
}

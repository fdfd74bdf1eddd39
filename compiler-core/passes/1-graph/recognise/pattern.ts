/** Small questions that patterns ask. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import { isFloat } from "../../../support/dtype.ts";

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

/** Do both have the same type? Then one can stand for the other. */
export const sameType = (e: GraphEditor, a: ValueId, b: ValueId): boolean =>
  e.value(a).dtype === e.value(b).dtype && e.value(a).shape !== undefined && String(e.value(a).shape) === String(e.value(b).shape);

/** The value behind casts from one float type to another; with the casts that were passed. */
export function behindCasts(e: GraphEditor, id: ValueId): { readonly of: ValueId; readonly nodes: readonly Node[] } {
  const nodes: Node[] = [];
  let of = id;
  for (let cast = producedBy(e, of, "cast"); cast !== undefined; cast = producedBy(e, of, "cast")) {
    const source = cast.inputs[0]!;
    if (!isFloat(e.value(source).dtype) || !isFloat(e.value(of).dtype)) break;
    nodes.push(cast);
    of = source;
  }
  return { of, nodes };
}

/** A number times values; `nodes` are those that multiply them. */
export interface Product {
  readonly scalar: number;
  readonly values: readonly ValueId[];
  readonly nodes: readonly Node[];
}

/** More factors than any pattern has. */
const maxFactors = 6;

/**
 * A value written out as a product, however the exporter wrote it: through products, divisions by numbers, negations and squares or cubes
 * that nobody else reads. What is no product is itself, once.
 */
export function productOf(e: GraphEditor, id: ValueId): Product {
  const values: ValueId[] = [];
  const nodes: Node[] = [];
  let scalar = 1;
  const visit = (v: ValueId, root: boolean): void => {
    const number = scalarOf(e, v);
    if (number !== undefined) {
      scalar *= number;
      return;
    }
    const p = values.length < maxFactors && (root || e.hasOneUse(v)) ? e.producer(v) : undefined;
    const factors = p && factorsOf(e, p);
    if (p === undefined || factors === undefined) {
      values.push(v);
      return;
    }
    nodes.push(p);
    scalar *= factors.scalar;
    for (const f of factors.values) visit(f, false);
  };
  visit(id, true);
  return { scalar, values, nodes };
}

/** One step of it. */
function factorsOf(e: GraphEditor, p: Node): Omit<Product, "nodes"> | undefined {
  const [a, b] = p.inputs as readonly [ValueId, ValueId];
  if (p.op === "mul") return { scalar: 1, values: [a, b] };
  if (p.op === "neg") return { scalar: -1, values: [a] };
  const number = p.op === "div" || p.op === "pow" ? scalarOf(e, b) : undefined;
  if (number === undefined) return undefined;
  if (p.op === "div") return number === 0 ? undefined : { scalar: 1 / number, values: [a] };
  return number === 2 || number === 3 ? { scalar: 1, values: new Array<ValueId>(number).fill(a) } : undefined;
}

/** `offset + term`, in this order or the other, where the offset is a number. */
export function affineOf(
  e: GraphEditor,
  id: ValueId,
): { readonly offset: number; readonly term: Product; readonly nodes: readonly Node[] } | undefined {
  const sum = e.producer(id);
  if (sum?.op !== "add" && sum?.op !== "sub") return undefined;
  const [a, b] = sum.inputs as readonly [ValueId, ValueId];
  const [x, offset] = scalarOf(e, b) !== undefined ? [a, scalarOf(e, b)!] : sum.op === "add" ? [b, scalarOf(e, a)] : [a, undefined];
  if (offset === undefined) return undefined;
  const term = termOf(e, x);
  return { offset: sum.op === "sub" ? -offset : offset, term, nodes: [...term.nodes, sum] };
}

/** A value as a product, if nobody else reads it; else itself. */
export const termOf = (e: GraphEditor, id: ValueId): Product =>
  e.hasOneUse(id) ? productOf(e, id) : { scalar: 1, values: [id], nodes: [] };

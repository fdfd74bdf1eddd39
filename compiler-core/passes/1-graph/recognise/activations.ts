/** Rules of `recognise` for GELU, exact and by tanh. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";
import { affineOf, near, producedBy, productOf, sameType, termOf } from "./pattern.ts";

/** `0.5 * x * (1 + f(u))` in any order and spelling; gives x, u and the nodes that were passed. */
function halfOnePlus(node: Node, e: GraphEditor, f: "erf" | "tanh") {
  const product = productOf(e, node.outputs[0]!);
  if (product.values.length !== 2) return undefined;
  for (const i of [0, 1]) {
    const [x, sum] = [product.values[1 - i]!, affineOf(e, product.values[i]!)];
    const outer = sum?.term.values.length === 1 ? producedBy(e, sum.term.values[0], f) : undefined;
    if (sum === undefined || outer === undefined) continue;
    if (!near(product.scalar * sum.offset, 0.5) || !near(product.scalar * sum.term.scalar, 0.5)) continue;
    return { x, u: outer.inputs[0]!, nodes: [...product.nodes, ...sum.nodes, outer] };
  }
  return undefined;
}

function geluErf(node: Node, e: GraphEditor): Patch | undefined {
  const found = halfOnePlus(node, e, "erf");
  if (found === undefined || !sameType(e, found.x, node.outputs[0]!)) return undefined;
  const u = productOf(e, found.u);
  if (!near(u.scalar, Math.SQRT1_2) || u.values.length !== 1 || u.values[0] !== found.x) return undefined;
  const p = e.patch(node, [...u.nodes, ...found.nodes]);
  return p.done(p.add("gelu", [found.x], { approximate: "none" }));
}

const k = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

/** Is u = factor * (x + 0.044715 x^3), as a sum of two terms or as x * (1 + 0.044715 x^2)? Gives the nodes. */
function tanhArgument(e: GraphEditor, u: ValueId, x: ValueId, factor: number): readonly Node[] | undefined {
  const outer = e.producer(u)?.op === "add" ? { scalar: 1, values: [u], nodes: [] } : productOf(e, u);
  const rest = outer.values.filter((v) => v !== x);
  if (rest.length !== 1 || outer.values.length > 2) return undefined;
  const sum = outer.values.length === 2 ? affineOf(e, rest[0]!) : undefined;
  if (sum !== undefined) {
    const isSquare = sum.term.values.length === 2 && sum.term.values.every((v) => v === x);
    const fits = near(outer.scalar * sum.offset, factor) && near(outer.scalar * sum.term.scalar, factor * cubic);
    return isSquare && fits ? [...outer.nodes, ...sum.nodes] : undefined;
  }
  const add = outer.values.length === 1 ? producedBy(e, rest[0], "add") : undefined;
  if (add === undefined) return undefined;
  const terms = add.inputs.map((v) => termOf(e, v!));
  const [one, three] = [1, 3].map((n) => terms.find((t) => t.values.length === n && t.values.every((v) => v === x)));
  if (one === undefined || three === undefined) return undefined;
  const fits = near(outer.scalar * one.scalar, factor) && near(outer.scalar * three.scalar, factor * cubic);
  return fits ? [...outer.nodes, add, ...one.nodes, ...three.nodes] : undefined;
}

function geluTanh(node: Node, e: GraphEditor): Patch | undefined {
  const found = halfOnePlus(node, e, "tanh");
  const inner = found && sameType(e, found.x, node.outputs[0]!) ? tanhArgument(e, found.u, found.x, k) : undefined;
  if (found === undefined || inner === undefined) return undefined;
  const p = e.patch(node, [...new Set([...inner, ...found.nodes])]);
  return p.done(p.add("gelu", [found.x], { approximate: "tanh" }));
}

/** x * sigmoid(2 u) is x * 0.5 * (1 + tanh(u)). Rounds differently in the last digits. */
function geluSigmoid(node: Node, e: GraphEditor): Patch | undefined {
  for (const i of [0, 1]) {
    const [x, gate] = [node.inputs[1 - i]!, producedBy(e, node.inputs[i], "sigmoid")];
    const inner = gate && sameType(e, x, node.outputs[0]!) ? tanhArgument(e, gate.inputs[0]!, x, 2 * k) : undefined;
    if (gate === undefined || inner === undefined) continue;
    const p = e.patch(node, [...new Set([...inner, gate, node])]);
    return p.done(p.add("gelu", [x], { approximate: "tanh" }));
  }
  return undefined;
}

export const activationRules: readonly Rule[] = [
  { name: "recognise/gelu-erf", ops: ["mul", "div"], rewrite: geluErf },
  { name: "recognise/gelu-tanh", ops: ["mul", "div"], rewrite: geluTanh },
  { name: "recognise/gelu-sigmoid", ops: ["mul"], rewrite: geluSigmoid },
];

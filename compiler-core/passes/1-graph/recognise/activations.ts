/** Rules of `recognise` for activations. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";
import { besideScalar, factors, near, producedBy, scalarOf } from "./pattern.ts";

const sameType = (e: GraphEditor, a: ValueId, b: ValueId): boolean =>
  e.value(a).dtype === e.value(b).dtype && String(e.value(a).shape) === String(e.value(b).shape);

/** x * 0.5 * (1 + f(u)) in any order; gives x, u and the nodes that were passed. */
function halfOnePlus(node: Node, e: GraphEditor, f: "erf" | "tanh") {
  const { values, nodes } = factors(e, node, 3);
  if (values.length !== 3) return undefined;
  const half = values.findIndex((v) => near(scalarOf(e, v), 0.5));
  for (const i of [0, 1, 2]) {
    const sum = producedBy(e, values[i], "add");
    const inner = sum && besideScalar(e, sum, 1);
    const outer = producedBy(e, inner, f);
    if (i === half || half < 0 || sum === undefined || outer === undefined) continue;
    const x = values[3 - i - half]!;
    return { x, u: outer.inputs[0]!, nodes: [...nodes, sum, outer] };
  }
  return undefined;
}

function geluErf(node: Node, e: GraphEditor): Patch | undefined {
  const found = halfOnePlus(node, e, "erf");
  if (found === undefined || !sameType(e, found.x, node.outputs[0]!)) return undefined;
  const scale = e.producer(found.u);
  const root2 =
    scale?.op === "div"
      ? near(scalarOf(e, scale.inputs[1]), Math.SQRT2) && scale.inputs[0]
      : scale?.op === "mul" && besideScalar(e, scale, Math.SQRT1_2);
  if (scale === undefined || root2 !== found.x) return undefined;
  const p = e.patch(node, [scale, ...found.nodes]);
  return p.done(p.add("gelu", [found.x], { approximate: "none" }));
}

/** sqrt(2 / pi) * (x + 0.044715 * x^3) */
function tanhArgument(e: GraphEditor, u: ValueId, x: ValueId): readonly Node[] | undefined {
  const outer = producedBy(e, u, "mul");
  const sum = producedBy(e, outer && besideScalar(e, outer, Math.sqrt(2 / Math.PI)), "add");
  if (outer === undefined || sum === undefined) return undefined;
  const cubic = sum.inputs[0] === x ? sum.inputs[1] : sum.inputs[1] === x ? sum.inputs[0] : undefined;
  const product = producedBy(e, cubic, "mul");
  if (product === undefined) return undefined;
  const { values, nodes } = factors(e, product, 4);
  const rest = values.filter((v) => !near(scalarOf(e, v), 0.044715));
  if (rest.length === values.length) return undefined;
  const cube = rest.length === 1 ? producedBy(e, rest[0], "pow") : undefined;
  const isCube =
    rest.length === 3 ? rest.every((v) => v === x) : cube !== undefined && cube.inputs[0] === x && scalarOf(e, cube.inputs[1]) === 3;
  return isCube ? [outer, sum, ...nodes, ...(cube === undefined ? [] : [cube])] : undefined;
}

function geluTanh(node: Node, e: GraphEditor): Patch | undefined {
  const found = halfOnePlus(node, e, "tanh");
  const inner = found && sameType(e, found.x, node.outputs[0]!) ? tanhArgument(e, found.u, found.x) : undefined;
  if (found === undefined || inner === undefined) return undefined;
  const p = e.patch(node, [...inner, ...found.nodes]);
  return p.done(p.add("gelu", [found.x], { approximate: "tanh" }));
}

/** x * sigmoid(x), or x * sigmoid(alpha * x). */
function silu(node: Node, e: GraphEditor): Patch | undefined {
  for (const [a, b] of [node.inputs, [...node.inputs].reverse()] as [ValueId, ValueId][]) {
    const gate = producedBy(e, b, "sigmoid");
    if (gate === undefined || !sameType(e, a, node.outputs[0]!)) continue;
    if (gate.inputs[0] === a) {
      const p = e.patch(node, [gate, node]);
      return p.done(p.add("silu", [a]));
    }
    const scale = producedBy(e, gate.inputs[0], "mul");
    const alpha = scale && scalarOf(e, scale.inputs[0] === a ? scale.inputs[1] : scale.inputs[0]);
    if (scale === undefined || alpha === undefined || !scale.inputs.includes(a)) continue;
    const p = e.patch(node, [scale, gate, node]);
    return p.done(p.add("swish", [a], { alpha }));
  }
  return undefined;
}

export const activationRules: readonly Rule[] = [
  { name: "recognise/gelu-erf", ops: ["mul"], rewrite: geluErf },
  { name: "recognise/gelu-tanh", ops: ["mul"], rewrite: geluTanh },
  { name: "recognise/silu", ops: ["mul"], rewrite: silu },
];

/** Rules of `recognise` for sigmoid and what is multiplied by a gate: SiLU, swish, mish, hard-sigmoid, hard-swish. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import type { Rule } from "../../../graph/rules.ts";
import { isFloat } from "../../../support/dtype.ts";
import { affineOf, near, producedBy, productOf, sameType, scalarOf } from "./pattern.ts";

/** 1 + exp(-x): x and the nodes. */
function onePlusExpMinus(e: GraphEditor, id: ValueId | null | undefined) {
  const sum = id == null ? undefined : affineOf(e, id);
  const exp = sum?.term.values.length === 1 ? producedBy(e, sum.term.values[0], "exp") : undefined;
  if (sum === undefined || exp === undefined || sum.offset !== 1 || sum.term.scalar !== 1) return undefined;
  const argument = productOf(e, exp.inputs[0]!);
  return argument.scalar === -1 && argument.values.length === 1
    ? { x: argument.values[0]!, nodes: [...argument.nodes, exp, ...sum.nodes] }
    : undefined;
}

/** 1 / (1 + exp(-x)), and x / (1 + exp(-x)), which is SiLU. */
function logistic(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.op === "reciprocal" ? [undefined, node.inputs[0]] : node.inputs;
  const found = onePlusExpMinus(e, b);
  if (found === undefined || !sameType(e, found.x, node.outputs[0]!)) return undefined;
  const op = a === undefined || scalarOf(e, a) === 1 ? "sigmoid" : a === found.x ? "silu" : undefined;
  if (op === undefined) return undefined;
  const p = e.patch(node, [...found.nodes, node]);
  return p.done(p.add(op, [found.x]));
}

/** x and what it is multiplied by, if that is made by `op`; both ways round. */
function gatedBy(node: Node, e: GraphEditor, op: OpName): { readonly x: ValueId; readonly gate: Node } | undefined {
  for (const i of [0, 1]) {
    const [x, gate] = [node.inputs[1 - i]!, producedBy(e, node.inputs[i], op)];
    if (gate !== undefined && sameType(e, x, node.outputs[0]!)) return { x, gate };
  }
  return undefined;
}

/** x * sigmoid(x), or x * sigmoid(alpha * x). */
function silu(node: Node, e: GraphEditor): Patch | undefined {
  for (const i of [0, 1]) {
    const [x, gate] = [node.inputs[1 - i]!, producedBy(e, node.inputs[i], "sigmoid")];
    if (gate === undefined || !sameType(e, x, node.outputs[0]!)) continue;
    const u = gate.inputs[0] === x ? { scalar: 1, values: [x], nodes: [] } : productOf(e, gate.inputs[0]!);
    if (u.values.length !== 1 || u.values[0] !== x) continue;
    const p = e.patch(node, [...u.nodes, gate, node]);
    return p.done(u.scalar === 1 ? p.add("silu", [x]) : p.add("swish", [x], { alpha: u.scalar }));
  }
  return undefined;
}

/** x * tanh(softplus(x)). */
function mish(node: Node, e: GraphEditor): Patch | undefined {
  const found = gatedBy(node, e, "tanh");
  const inner = found && producedBy(e, found.gate.inputs[0], "softplus");
  if (found === undefined || inner === undefined || inner.inputs[0] !== found.x) return undefined;
  const p = e.patch(node, [inner, found.gate, node]);
  return p.done(p.add("mish", [found.x]));
}

/** clip(x + 3, 0, 6): x and the nodes. Models write the constants as they are, so they are compared exactly. */
function reluSix(e: GraphEditor, id: ValueId) {
  const clip = producedBy(e, id, "clip");
  const sum = clip && affineOf(e, clip.inputs[0]!);
  const [x, ...more] = sum?.term.values ?? [];
  const fits = sum?.offset === 3 && sum.term.scalar === 1 && Number(clip?.attrs["min"]) === 0 && Number(clip?.attrs["max"]) === 6;
  return clip !== undefined && x !== undefined && more.length === 0 && fits && isFloat(e.value(x).dtype)
    ? { x, nodes: [...sum!.nodes, clip] }
    : undefined;
}

/** clip(x + 3, 0, 6) / 6; and x times it. Rounds differently in the last digits. */
function hardGate(node: Node, e: GraphEditor): Patch | undefined {
  const product = productOf(e, node.outputs[0]!);
  if (product.values.length > 2 || !near(product.scalar, 1 / 6)) return undefined;
  for (const [i, v] of product.values.entries()) {
    const found = reluSix(e, v);
    const x = product.values.length === 2 ? product.values[1 - i] : found?.x;
    if (found === undefined || x !== found.x || !sameType(e, x, node.outputs[0]!)) continue;
    const p = e.patch(node, [...found.nodes, ...product.nodes]);
    return p.done(product.values.length === 2 ? p.add("hard-swish", [x]) : p.add("hard-sigmoid", [x], { alpha: 1 / 6, beta: 0.5 }));
  }
  return undefined;
}

/** x * hard-sigmoid(x) with the slope 1/6. */
function hardSwish(node: Node, e: GraphEditor): Patch | undefined {
  const found = gatedBy(node, e, "hard-sigmoid");
  if (found === undefined || found.gate.inputs[0] !== found.x) return undefined;
  if (!near(found.gate.attrs["alpha"] as number, 1 / 6) || found.gate.attrs["beta"] !== 0.5) return undefined;
  const p = e.patch(node, [found.gate, node]);
  return p.done(p.add("hard-swish", [found.x]));
}

export const gateRules: readonly Rule[] = [
  { name: "recognise/sigmoid", ops: ["div", "reciprocal"], rewrite: logistic },
  { name: "recognise/silu", ops: ["mul"], rewrite: silu },
  { name: "recognise/mish", ops: ["mul"], rewrite: mish },
  { name: "recognise/hard-gate", ops: ["mul", "div"], rewrite: hardGate },
  { name: "recognise/hard-swish", ops: ["mul"], rewrite: hardSwish },
];

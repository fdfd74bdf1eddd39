/** Rules of `recognise` for layer and RMS normalisation: the core first, then the scale and bias around it. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";
import { producedBy, scalarOf } from "./pattern.ts";

/** A mean over the last axes with the axes kept: its operand and first axis. */
function trailingMean(e: GraphEditor, id: ValueId | null | undefined) {
  const mean = producedBy(e, id, "reduce-mean");
  const rank = mean && e.value(mean.inputs[0]!).shape?.length;
  const axes = mean?.attrs["axes"] as readonly number[] | undefined;
  if (mean === undefined || rank === undefined || axes === undefined || mean.attrs["keepdims"] !== true) return undefined;
  const axis = rank - axes.length;
  return axes.every((a, i) => a === axis + i) ? { node: mean, of: mean.inputs[0]!, axis } : undefined;
}

/** sqrt(mean(d * d) + epsilon): d, and where the rows begin. */
function rootMeanSquare(e: GraphEditor, id: ValueId | null | undefined) {
  const root = producedBy(e, id, "sqrt");
  const sum = producedBy(e, root?.inputs[0], "add");
  if (root === undefined || sum === undefined) return undefined;
  const [a, b] = sum.inputs as readonly [ValueId, ValueId];
  const [epsilon, of] = scalarOf(e, b) !== undefined ? [scalarOf(e, b)!, a] : [scalarOf(e, a), b];
  const mean = trailingMean(e, of);
  const square = e.producer(mean?.of);
  if (epsilon === undefined || mean === undefined || square === undefined) return undefined;
  const squared = square.op === "mul" ? square.inputs[0] === square.inputs[1] : square.op === "pow" && scalarOf(e, square.inputs[1]) === 2;
  return squared ? { d: square.inputs[0]!, axis: mean.axis, epsilon, nodes: [square, mean.node, sum, root] } : undefined;
}

/** x - mean(x) over the same axes. */
function centred(e: GraphEditor, d: ValueId, axis: number) {
  const sub = producedBy(e, d, "sub");
  const mean = trailingMean(e, sub?.inputs[1]);
  return sub !== undefined && mean !== undefined && mean.axis === axis && mean.of === sub.inputs[0]
    ? { x: mean.of, nodes: [mean.node, sub] }
    : undefined;
}

/** What is divided by a root mean square: `d / rms`, `d * reciprocal(rms)`, and the numerator. */
function quotient(node: Node, e: GraphEditor) {
  if (node.op === "div") return [{ numerator: node.inputs[0]!, root: node.inputs[1]!, nodes: [node] }];
  return [0, 1].flatMap((i) => {
    const inverse = e.producer(node.inputs[i]);
    if (inverse?.op === "reciprocal") return [{ numerator: node.inputs[1 - i]!, root: inverse.inputs[0]!, nodes: [inverse, node] }];
    return inverse?.op === "div" && scalarOf(e, inverse.inputs[0]) === 1
      ? [{ numerator: node.inputs[1 - i]!, root: inverse.inputs[1]!, nodes: [inverse, node] }]
      : [];
  });
}

function core(node: Node, e: GraphEditor): Patch | undefined {
  for (const q of quotient(node, e)) {
    const rms = rootMeanSquare(e, q.root);
    if (rms === undefined) continue;
    const attrs = { axis: rms.axis, epsilon: rms.epsilon };
    const [inner, outer] = [centred(e, rms.d, rms.axis), centred(e, q.numerator, rms.axis)];
    if (inner !== undefined && outer !== undefined && inner.x === outer.x) {
      const p = e.patch(node, [...new Set([...inner.nodes, ...outer.nodes, ...rms.nodes, ...q.nodes])]);
      return p.done(p.add("layer-norm", [inner.x], attrs));
    }
    if (rms.d === q.numerator) {
      const p = e.patch(node, [...rms.nodes, ...q.nodes]);
      return p.done(p.add("rms-norm", [rms.d], attrs));
    }
  }
  return undefined;
}

/** Does `v` have the shape of the normalised axes? */
function fitsRows(e: GraphEditor, v: ValueId, norm: Node): boolean {
  const [shape, x] = [e.staticShape(v), e.staticShape(norm.inputs[0]!)];
  return shape !== undefined && x !== undefined && e.isConstant(v) && String(shape) === String(x.slice(norm.attrs["axis"] as number));
}

/** norm(x) * scale, then norm(x) + bias, while nobody else reads the norm. */
function absorb(op: "layer-norm" | "rms-norm", operands: number): Rule["rewrite"] {
  return (node, e) => {
    for (const i of [0, 1]) {
      const norm = producedBy(e, node.inputs[i], op);
      const other = node.inputs[1 - i]!;
      if (norm === undefined || norm.inputs.length !== operands || !e.hasOneUse(norm.outputs[0]!) || !fitsRows(e, other, norm)) continue;
      const p = e.patch(node, [norm, node]);
      return p.done(p.add(op, [...norm.inputs, other], norm.attrs));
    }
    return undefined;
  };
}

export const normalizationRules: readonly Rule[] = [
  { name: "recognise/normalisation", ops: ["div", "mul"], rewrite: core },
  { name: "recognise/layer-norm-scale", ops: ["mul"], rewrite: absorb("layer-norm", 1) },
  { name: "recognise/layer-norm-bias", ops: ["add"], rewrite: absorb("layer-norm", 2) },
  { name: "recognise/rms-norm-scale", ops: ["mul"], rewrite: absorb("rms-norm", 1) },
];

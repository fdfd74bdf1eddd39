/** Rules of `recognise` for layer and RMS normalisation: the core first, then the casts, scale and bias around it. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";
import { behindCasts, producedBy, sameType, scalarOf } from "./pattern.ts";

/** A mean over the last axes with the axes kept: its operand and first axis. */
function trailingMean(e: GraphEditor, id: ValueId | null | undefined) {
  const mean = producedBy(e, id, "reduce-mean");
  const rank = mean && e.value(mean.inputs[0]!).shape?.length;
  const axes = mean?.attrs["axes"] as readonly number[] | undefined;
  if (mean === undefined || rank === undefined || axes === undefined || mean.attrs["keepdims"] !== true) return undefined;
  const axis = rank - axes.length;
  return axes.every((a, i) => a === axis + i) ? { node: mean, of: mean.inputs[0]!, axis } : undefined;
}

/** mean(d * d) + epsilon: d, and where the rows begin. Exporters of f16 models write casts in between. */
function meanSquare(e: GraphEditor, id: ValueId) {
  const outer = behindCasts(e, id);
  const sum = producedBy(e, outer.of, "add");
  if (sum === undefined) return undefined;
  const [a, b] = sum.inputs as readonly [ValueId, ValueId];
  const [epsilon, right] = scalarOf(e, b) !== undefined ? [scalarOf(e, b)!, a] : [scalarOf(e, a), b];
  const middle = behindCasts(e, right);
  const mean = trailingMean(e, middle.of);
  const inner = mean && behindCasts(e, mean.of);
  const square = e.producer(inner?.of);
  if (epsilon === undefined || mean === undefined || square === undefined) return undefined;
  const squared = square.op === "mul" ? square.inputs[0] === square.inputs[1] : square.op === "pow" && scalarOf(e, square.inputs[1]) === 2;
  const d = behindCasts(e, square.inputs[0]!);
  const nodes = [...d.nodes, square, ...inner!.nodes, mean.node, ...middle.nodes, sum, ...outer.nodes];
  return squared ? { d: d.of, axis: mean.axis, epsilon, nodes } : undefined;
}

/** x - mean(x) over the same axes. */
function centred(e: GraphEditor, d: ValueId, axis: number) {
  const sub = producedBy(e, d, "sub");
  const right = sub && behindCasts(e, sub.inputs[1]!);
  const mean = trailingMean(e, right?.of);
  const of = mean && behindCasts(e, mean.of);
  const left = sub && behindCasts(e, sub.inputs[0]!);
  return sub !== undefined && mean?.axis === axis && of?.of === left!.of
    ? { x: left!.nodes.length === 0 ? left!.of : sub.inputs[0]!, nodes: [...of!.nodes, mean.node, ...right!.nodes, sub] }
    : undefined;
}

interface Quotient {
  readonly numerator: ValueId;
  /** What stands under the root. */
  readonly square: ValueId;
  readonly nodes: readonly Node[];
}

/** What stands under a square root. */
function underRoot(
  e: GraphEditor,
  id: ValueId | null | undefined,
  exponent: number,
): { square: ValueId; nodes: readonly Node[] } | undefined {
  if (id == null) return undefined;
  const { of, nodes } = behindCasts(e, id);
  const root = e.producer(of);
  const isRoot = root?.op === "pow" ? scalarOf(e, root.inputs[1]) === exponent : root?.op === "sqrt" && exponent === 0.5;
  return root !== undefined && isRoot ? { square: root.inputs[0]!, nodes: [root, ...nodes] } : undefined;
}

/** Divisions by a root: `d / sqrt(v)`, `d * reciprocal(sqrt(v))`, `d * (1 / sqrt(v))`, `d * v^-0.5`, `d * sqrt(1 / v)`. */
function quotients(node: Node, e: GraphEditor): readonly Quotient[] {
  if (node.op === "div") {
    const found = underRoot(e, node.inputs[1], 0.5);
    return found ? [{ numerator: node.inputs[0]!, square: found.square, nodes: [...found.nodes, node] }] : [];
  }
  return [0, 1].flatMap((i) => {
    const numerator = node.inputs[1 - i]!;
    const outer = behindCasts(e, node.inputs[i]!);
    const power = underRoot(e, outer.of, -0.5);
    if (power !== undefined) return [{ numerator, square: power.square, nodes: [...power.nodes, ...outer.nodes, node] }];
    const [direct, root] = [inverseOf(e, outer.of), producedBy(e, outer.of, "sqrt")];
    const inner = direct && underRoot(e, direct.of, 0.5);
    if (inner !== undefined) return [{ numerator, square: inner.square, nodes: [...inner.nodes, direct!.node, ...outer.nodes, node] }];
    const swapped = inverseOf(e, root?.inputs[0]);
    return swapped ? [{ numerator, square: swapped.of, nodes: [swapped.node, root!, ...outer.nodes, node] }] : [];
  });
}

/** 1 / x, either way. */
function inverseOf(e: GraphEditor, id: ValueId | null | undefined): { readonly of: ValueId; readonly node: Node } | undefined {
  const node = e.producer(id);
  if (node?.op === "reciprocal") return { of: node.inputs[0]!, node };
  return node?.op === "div" && scalarOf(e, node.inputs[0]) === 1 ? { of: node.inputs[1]!, node } : undefined;
}

/** Casts between the pieces are dropped: the operator computes in f32 whatever the type, as ONNX asks, so it rounds less often. */
function core(node: Node, e: GraphEditor): Patch | undefined {
  const out = node.outputs[0]!;
  for (const q of quotients(node, e)) {
    const rms = meanSquare(e, q.square);
    if (rms === undefined) continue;
    const attrs = { axis: rms.axis, epsilon: rms.epsilon };
    const top = behindCasts(e, q.numerator);
    const [inner, outer] = [centred(e, rms.d, rms.axis), centred(e, top.of, rms.axis)];
    if (inner !== undefined && outer !== undefined && inner.x === outer.x && sameType(e, inner.x, out)) {
      const p = e.patch(node, [...new Set([...inner.nodes, ...outer.nodes, ...rms.nodes, ...q.nodes])]);
      return p.done(p.add("layer-norm", [inner.x], attrs));
    }
    if (rms.d !== top.of) continue;
    const x = [rms.d, q.numerator].find((v) => sameType(e, v, out));
    if (x === undefined) continue;
    const p = e.patch(node, [...new Set([...rms.nodes, ...q.nodes])]);
    return p.done(p.add("rms-norm", [x], attrs));
  }
  return undefined;
}

/** norm(x widened), narrowed again, is the norm of x: it computes in f32 anyway. */
function normOfCast(node: Node, e: GraphEditor): Patch | undefined {
  const norm = e.producer(node.inputs[0]);
  if ((norm?.op !== "layer-norm" && norm?.op !== "rms-norm") || norm.inputs.length !== 1) return undefined;
  const { dtype } = e.value(node.outputs[0]!);
  const widen = producedBy(e, norm.inputs[0], "cast");
  const x = widen?.inputs[0];
  if (widen === undefined || x == null || e.value(x).dtype !== dtype || (dtype !== "f16" && dtype !== "bf16")) return undefined;
  if (e.value(norm.inputs[0]!).dtype !== "f32" || !e.hasOneUse(norm.outputs[0]!)) return undefined;
  const p = e.patch(node, [widen, norm, node]);
  return p.done(p.add(norm.op, [x], norm.attrs));
}

/** An operand of the shape of the normalised axes, with or without leading axes of 1; the shape it is to have. */
function rowShape(e: GraphEditor, v: ValueId, norm: Node): readonly number[] | undefined {
  const [shape, x] = [e.staticShape(v), e.staticShape(norm.inputs[0]!)];
  if (shape === undefined || x === undefined || e.value(v).dtype !== e.value(norm.outputs[0]!).dtype) return undefined;
  const rows = x.slice(norm.attrs["axis"] as number);
  const extra = shape.length - rows.length;
  const fits = extra >= 0 && shape.length <= x.length && shape.every((d, i) => (i < extra ? d === 1 : d === rows[i - extra]));
  return fits ? rows : undefined;
}

/** norm(x) * scale, then norm(x) + bias, while nobody else reads the norm. */
function absorb(op: "layer-norm" | "rms-norm", operands: number): Rule["rewrite"] {
  return (node, e) => {
    for (const i of [0, 1]) {
      const norm = producedBy(e, node.inputs[i], op);
      const other = node.inputs[1 - i]!;
      if (norm === undefined || norm.inputs.length !== operands || !e.hasOneUse(norm.outputs[0]!)) continue;
      const shape = rowShape(e, other, norm);
      if (shape === undefined) continue;
      const p = e.patch(node, [norm, node]);
      const flat = String(e.value(other).shape) === String(shape) ? other : p.add("reshape", [other], { shape, allowZero: true });
      return p.done(p.add(op, [...norm.inputs, flat], norm.attrs));
    }
    return undefined;
  };
}

export const normalizationRules: readonly Rule[] = [
  { name: "recognise/normalisation", ops: ["div", "mul"], rewrite: core },
  { name: "recognise/norm-of-cast", ops: ["cast"], rewrite: normOfCast },
  { name: "recognise/layer-norm-scale", ops: ["mul"], rewrite: absorb("layer-norm", 1) },
  { name: "recognise/layer-norm-bias", ops: ["add"], rewrite: absorb("layer-norm", 2) },
  { name: "recognise/rms-norm-scale", ops: ["mul"], rewrite: absorb("rms-norm", 1) },
];

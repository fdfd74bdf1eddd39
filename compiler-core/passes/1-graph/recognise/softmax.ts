/** Rules of `recognise` for softmax: exponentials divided by their sum, and its logarithm. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { OpName } from "../../../graph/ops/index.ts";
import type { Rule } from "../../../graph/rules.ts";
import { isFloat } from "../../../support/dtype.ts";
import { producedBy, sameType } from "./pattern.ts";

/** A reduction over one axis that is kept (or put back by a reshape): its operand and axis. */
function alongOne(e: GraphEditor, id: ValueId | null | undefined, op: OpName) {
  const outer = e.producer(id);
  const back = outer?.op === "reshape" ? outer : undefined;
  const node = producedBy(e, back === undefined ? id : back.inputs[0], op);
  const axes = node?.attrs["axes"] as readonly number[] | undefined;
  const shape = node && e.value(node.inputs[0]!).shape;
  if (node === undefined || axes?.length !== 1 || shape === undefined) return undefined;
  const kept = shape.map((d, i) => (i === axes[0] ? 1 : d));
  return String(e.value(id!).shape) === String(kept)
    ? { of: node.inputs[0]!, axis: axes[0]!, nodes: back === undefined ? [node] : [node, back] }
    : undefined;
}

/**
 * The operand of the exponential: x - max(x) along the axis counts as x. Without the subtraction the sum overflows for large x; softmax does
 * not: that is the one place where the value changes.
 */
function unshifted(e: GraphEditor, shifted: ValueId, axis: number): { readonly x: ValueId; readonly nodes: readonly Node[] } {
  const sub = producedBy(e, shifted, "sub");
  const max = alongOne(e, sub?.inputs[1], "reduce-max");
  return sub !== undefined && max?.of === sub.inputs[0] && max?.axis === axis
    ? { x: max.of, nodes: [...max.nodes, sub] }
    : { x: shifted, nodes: [] };
}

function softmax(node: Node, e: GraphEditor): Patch | undefined {
  const pairs: readonly (readonly [ValueId | null | undefined, ValueId | null | undefined, readonly Node[]])[] =
    node.op === "div"
      ? [[node.inputs[0], node.inputs[1], [node]]]
      : [0, 1].flatMap((i) => {
          const inverse = producedBy(e, node.inputs[i], "reciprocal");
          return inverse ? [[node.inputs[1 - i], inverse.inputs[0], [inverse, node]] as const] : [];
        });
  for (const [top, bottom, nodes] of pairs) {
    const [exp, sum] = [producedBy(e, top, "exp"), alongOne(e, bottom, "reduce-sum")];
    if (exp === undefined || sum === undefined || sum.of !== exp.outputs[0]) continue;
    const from = unshifted(e, exp.inputs[0]!, sum.axis);
    if (!isFloat(e.value(from.x).dtype) || !sameType(e, from.x, node.outputs[0]!)) continue;
    const p = e.patch(node, [...from.nodes, exp, ...sum.nodes, ...nodes]);
    return p.done(p.add("softmax", [from.x], { axis: sum.axis }));
  }
  return undefined;
}

/** s - log(sum(exp(s))). */
function logSoftmax(node: Node, e: GraphEditor): Patch | undefined {
  const shifted = node.inputs[0]!;
  const log = producedBy(e, node.inputs[1], "log");
  const sum = alongOne(e, log?.inputs[0], "reduce-sum");
  const exp = producedBy(e, sum?.of, "exp");
  if (log === undefined || sum === undefined || exp?.inputs[0] !== shifted) return undefined;
  const from = unshifted(e, shifted, sum.axis);
  if (!isFloat(e.value(from.x).dtype) || !sameType(e, from.x, node.outputs[0]!)) return undefined;
  const p = e.patch(node, [...from.nodes, exp, ...sum.nodes, log, node]);
  return p.done(p.add("log-softmax", [from.x], { axis: sum.axis }));
}

export const softmaxRules: readonly Rule[] = [
  { name: "recognise/softmax", ops: ["div", "mul"], rewrite: softmax },
  { name: "recognise/log-softmax", ops: ["sub"], rewrite: logSoftmax },
];

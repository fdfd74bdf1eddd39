/**
 * Sums of two quantised values of which one is in memory as bytes anyhow, because a product reads it, too: the sum reads these bytes, instead of the
 * floats that would be stored beside them.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";
import { asScalar, dequantised, isByte, isConstantLike } from "./quantised.ts";

function zeroOf(e: GraphEditor, zero: ValueId | null): number | undefined {
  const data = zero === null ? [0] : e.constant(zero, 1)?.data;
  return data?.length === 1 ? Number(data[0]) : undefined;
}

function addBytes(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const out = String(e.staticShape(node.outputs[0]!));
  if (a === b || e.value(node.outputs[0]!).dtype !== "f32" || e.staticShape(node.outputs[0]!) === undefined) return undefined;
  for (const [x, id] of [
    [b, a],
    [a, b],
  ] as const) {
    const q = dequantised(e, e.producer(id));
    if (q === undefined || q.axis !== undefined || !isByte(q.dtype) || !isConstantLike(e, q.scale) || isConstantLike(e, q.value)) continue;
    const zero = zeroOf(e, q.zero);
    const isStored = e.users(q.value).length > 1 || e.producer(q.value) === undefined;
    if (zero === undefined || !isStored || isConstantLike(e, x) || e.value(q.scale).dtype !== "f32") continue;
    if (String(e.staticShape(q.value)) !== out || String(e.staticShape(x)) !== out) continue;
    const p = e.patch(node, e.hasOneUse(id) ? [q.node, node] : [node]);
    return p.done(p.add("add-bytes", [x, q.value, asScalar(p, q.scale)], { zero }), "the summand is read as bytes");
  }
  return undefined;
}

export const residualRules: readonly Rule[] = [{ name: "low-precision/residual", ops: ["add"], rewrite: addBytes }];

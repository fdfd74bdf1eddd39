/** Rules of `simplify` about clip, min and max by a number, and choices that are already made. All of them keep the values exactly. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Attrs, Node, ValueId } from "../../../graph/ir.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Rule } from "../../../graph/rules.ts";
import { isFloat } from "../../../support/dtype.ts";

const sameType = (e: GraphEditor, a: ValueId, b: ValueId): boolean =>
  e.value(a).dtype === e.value(b).dtype && e.value(a).shape !== undefined && String(e.value(a).shape) === String(e.value(b).shape);

/** The single number of a float constant. */
function number(e: GraphEditor, id: ValueId | null | undefined): number | undefined {
  const data = e.constant(id, 1);
  return data?.data.length === 1 && isFloat(data.dtype) ? Number(data.data[0]) : undefined;
}

/** min(x, c) and max(x, c). */
function clipByNumber(node: Node, e: GraphEditor): Patch | undefined {
  if (node.inputs.length !== 2) return undefined;
  for (const i of [0, 1]) {
    const [x, limit] = [node.inputs[1 - i]!, number(e, node.inputs[i])];
    if (limit === undefined || Number.isNaN(limit) || !sameType(e, x, node.outputs[0]!)) continue;
    const p = e.patch(node);
    return p.done(p.add("clip", [x], node.op === "min" ? { max: limit } : { min: limit }));
  }
  return undefined;
}

/** The interval that a clip or relu keeps; undefined for anything else, and for limits that are no numbers. */
function interval(node: Node | undefined): readonly [number, number] | undefined {
  if (node?.op === "relu") return [0, Infinity];
  const [low, high] = node?.op === "clip" ? [node.attrs["min"] ?? -Infinity, node.attrs["max"] ?? Infinity] : [];
  return typeof low === "number" && typeof high === "number" && low <= high ? [low, high] : undefined;
}

/** Limits of limits: each end of the inner interval is limited by the outer one. */
function clipOfClip(node: Node, e: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  const producer = e.producer(x);
  const [inner, outer] = [interval(producer), interval(node)];
  if (producer === undefined || inner === undefined || outer === undefined || !isFloat(e.value(x).dtype)) return undefined;
  const [min, max] = inner.map((v) => Math.min(Math.max(v, outer[0]), outer[1])) as [number, number];
  const attrs: Attrs = { ...(min === -Infinity ? {} : { min }), ...(max === Infinity ? {} : { max }) };
  const p = e.patch(node, e.hasOneUse(x) ? [producer, node] : [node]);
  return p.done(p.add("clip", [producer.inputs[0]!], attrs));
}

/** A condition that is the same everywhere, or two equal choices. */
function decided(node: Node, e: GraphEditor): Patch | undefined {
  const [condition, yes, no] = node.inputs as readonly [ValueId, ValueId, ValueId];
  const data = yes === no ? undefined : e.constant(condition);
  const first = data?.data[0];
  const uniform = first !== undefined && Array.from(data!.data as ArrayLike<number | bigint>).every((v) => v === first);
  const chosen = yes === no ? yes : !uniform ? undefined : Number(first) !== 0 ? yes : no;
  return chosen !== undefined && sameType(e, chosen, node.outputs[0]!) ? e.patch(node).done(chosen) : undefined;
}

/** x + (-y) and x - (-y). */
function signed(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const [left, right] = [e.producer(a), e.producer(b)];
  const p = e.patch(node);
  if (right?.op === "neg" && e.hasOneUse(b)) return p.done(p.add(node.op === "add" ? "sub" : "add", [a, right.inputs[0]!]));
  return node.op === "add" && left?.op === "neg" && e.hasOneUse(a) ? p.done(p.add("sub", [b, left.inputs[0]!])) : undefined;
}

export const limitRules: readonly Rule[] = [
  { name: "simplify/clip-by-number", ops: ["min", "max"], rewrite: clipByNumber },
  { name: "simplify/clip-of-clip", ops: ["clip", "relu"], rewrite: clipOfClip },
  { name: "simplify/decided", ops: ["where"], rewrite: decided },
  { name: "simplify/signed", ops: ["add", "sub"], rewrite: signed },
];

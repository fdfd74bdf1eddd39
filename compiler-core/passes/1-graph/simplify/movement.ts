/** Rules of `simplify` about concat, split and slices of slices. */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch } from "../../../graph/patch.ts";
import type { Node } from "../../../graph/ir.ts";
import type { Rule } from "../../../graph/rules.ts";

function concatOfOne(node: Node, e: GraphEditor): Patch | undefined {
  return node.inputs.length === 1 ? e.patch(node).done(node.inputs[0]!) : undefined;
}

/** A concat operand that is a concat along the same axis is written out. */
function concatOfConcat(node: Node, e: GraphEditor): Patch | undefined {
  const inner = node.inputs
    .map((id) => e.producer(id))
    .find((p, i) => p?.op === "concat" && p.attrs["axis"] === node.attrs["axis"] && e.hasOneUse(node.inputs[i]!));
  if (inner === undefined) return undefined;
  const p = e.patch(node, [inner, node]);
  return p.done(
    p.add(
      "concat",
      node.inputs.flatMap((id) => (id === inner.outputs[0] ? inner.inputs : [id])),
      node.attrs,
    ),
  );
}

function splitOfOne(node: Node, e: GraphEditor): Patch | undefined {
  return node.outputs.length === 1 ? e.patch(node).done(node.inputs[0]!) : undefined;
}

export const movementRules: readonly Rule[] = [
  { name: "simplify/concat-of-one", ops: ["concat"], rewrite: concatOfOne },
  { name: "simplify/concat-of-concat", ops: ["concat"], rewrite: concatOfConcat },
  { name: "simplify/split-of-one", ops: ["split"], rewrite: splitOfOne },
];

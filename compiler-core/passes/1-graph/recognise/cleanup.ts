/** Rules of `recognise` that take away what stands between the pieces of a pattern without doing anything. */
import type { Rule } from "../../../graph/rules.ts";
import { sameType } from "./pattern.ts";

const passThrough: Rule["rewrite"] = (node, e) => {
  const x = node.inputs[0]!;
  const out = node.outputs[0]!;
  return sameType(e, x, out) && e.canDrop(out, x) ? e.patch(node).done(x) : undefined;
};

export const cleanupRules: readonly Rule[] = [
  { name: "recognise/identity", ops: ["identity"], rewrite: passThrough },
  { name: "recognise/cast-to-same", ops: ["cast"], rewrite: passThrough },
];

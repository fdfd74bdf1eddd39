/**
 * Operators with a loop nest of their own: one row each. A writer is a template for a group of one node; it writes the plainest correct
 * nest (every output of the node, each element stored once or more, in parallel over independent outer loops) and leaves making it fast
 * to the tensor passes. An operator that can be said as others is better decomposed in `passes/1-graph/decompose`.
 */
import { bug } from "../../messages.ts";
import type { Template } from "../template.ts";
import { argExtreme } from "./arg-extreme.ts";
import { matmulLoops } from "./matmul.ts";

export const loopWriters: Readonly<Record<string, Template>> = {
  matmul: matmulLoops,
  "matmul-integer": matmulLoops,
  "arg-max": argExtreme,
  "arg-min": argExtreme,
};

export const loops: Template = (call) => {
  const op = call.nodes[0]?.op ?? bug("an empty group");
  const writer = loopWriters[op] ?? bug(`no loops are written for ${op}`);
  return writer(call);
};

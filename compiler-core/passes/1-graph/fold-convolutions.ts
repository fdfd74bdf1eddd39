/**
 * What stands around a convolution with constant weights goes into them: batch normalisation, constants per channel, padding. Convolutions of bytes
 * get a constant zero point and signed weights.
 */
import type { Graph } from "../../graph/ir.ts";
import { applyRules } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { integerFoldingRules } from "./fold-convolutions/integers.ts";
import { convFoldingRules } from "./fold-convolutions/rules.ts";

export const foldConvolutions = graphPass({
  name: "fold-convolutions",
  why: "Puts batch normalisation, constants per channel and padding into the convolutions that they stand beside.",
  optional: true,
  run: (graph: Graph, ctx: PassContext): Graph => applyRules(graph, [...convFoldingRules, ...integerFoldingRules], ctx),
});

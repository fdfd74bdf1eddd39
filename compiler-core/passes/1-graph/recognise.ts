/** Finds GELU, SiLU and the normalisations in the pieces that exporters write. */
import type { Graph } from "../../graph/ir.ts";
import { applyRules } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { activationRules } from "./recognise/activations.ts";
import { normalizationRules } from "./recognise/normalization.ts";

export const recognise = graphPass({
  name: "recognise",
  why: "Finds activations and normalisations that the exporter wrote out in pieces, so that each gets its best form.",
  optional: true,
  run: (graph: Graph, ctx: PassContext): Graph => applyRules(graph, [...activationRules, ...normalizationRules], ctx),
});

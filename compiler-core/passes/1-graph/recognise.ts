/** Finds activations, softmax and the normalisations in the pieces that exporters write. */
import type { Graph } from "../../graph/ir.ts";
import { applyRules } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { activationRules } from "./recognise/activations.ts";
import { cleanupRules } from "./recognise/cleanup.ts";
import { gateRules } from "./recognise/gates.ts";
import { normalizationRules } from "./recognise/normalization.ts";
import { softmaxRules } from "./recognise/softmax.ts";

const rules = [...cleanupRules, ...activationRules, ...gateRules, ...softmaxRules, ...normalizationRules];

export const recognise = graphPass({
  name: "recognise",
  why: "Finds activations, softmax and normalisations that the exporter wrote out in pieces, so that each gets its best form.",
  optional: true,
  run: (graph: Graph, ctx: PassContext): Graph => applyRules(graph, rules, ctx),
});

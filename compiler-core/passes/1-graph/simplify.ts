/** Local algebra: what changes nothing goes, what has a cheaper form takes it. Only rewrites that keep the value. */
import type { Graph } from "../../graph/ir.ts";
import { applyRules } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { arithmeticRules } from "./simplify/arithmetic.ts";
import { limitRules } from "./simplify/limits.ts";
import { movementRules } from "./simplify/movement.ts";
import { sliceRules } from "./simplify/slices.ts";
import { transposeRules } from "./simplify/transposes.ts";
import { viewRules } from "./simplify/views.ts";

const rules = [...arithmeticRules, ...limitRules, ...viewRules, ...movementRules, ...sliceRules, ...transposeRules];

export const simplify = graphPass({
  name: "simplify",
  why: "Removes operators that change nothing and gives others their cheapest form.",
  optional: true,
  run: (graph: Graph, ctx: PassContext): Graph => applyRules(graph, rules, ctx),
});

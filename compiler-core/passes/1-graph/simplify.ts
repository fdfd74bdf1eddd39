/** Local algebra: what changes nothing goes, what has a cheaper form takes it. Only rewrites that keep the value. */
import type { Graph } from "../../graph/ir.ts";
import { applyRules } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { arithmeticRules } from "./simplify/arithmetic.ts";
import { movementRules } from "./simplify/movement.ts";
import { viewRules } from "./simplify/views.ts";

export const simplify = graphPass({
  name: "simplify",
  why: "Removes operators that change nothing and gives others their cheapest form.",
  optional: true,
  run: (graph: Graph, ctx: PassContext): Graph => applyRules(graph, [...arithmeticRules, ...viewRules, ...movementRules], ctx),
});

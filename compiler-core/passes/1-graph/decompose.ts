/** Composite operators become elementwise operators, reductions and products, which fusion can combine freely. */
import type { Graph } from "../../graph/ir.ts";
import { applyRules } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { attentionRules } from "./decompose/attention.ts";
import { integerConvRules } from "./decompose/conv-integer.ts";
import { convRules } from "./decompose/conv.ts";
import { einsumRules } from "./decompose/einsum.ts";
import { emptyRules } from "./decompose/empty.ts";
import { matrixRules } from "./decompose/matrix.ts";
import { movementDecompositions } from "./decompose/movement.ts";
import { normalizationRules } from "./decompose/normalization.ts";
import { quantizationRules } from "./decompose/quantization.ts";
import { signalRules } from "./decompose/signal.ts";
import { resizeRules } from "./decompose/resize.ts";
import { reduceRules } from "./decompose/reduce.ts";
import { argExtremeRules } from "./decompose/arg-extreme.ts";

export const decompose = graphPass({
  name: "decompose",
  why: "Breaks composite operators into elementwise operators, reductions and products, which can be fused with their neighbours.",
  optional: false,
  run: (graph: Graph, ctx: PassContext): Graph =>
    applyRules(
      graph,
      [
        ...attentionRules,
        ...integerConvRules,
        ...convRules,
        ...einsumRules,
        ...emptyRules,
        ...matrixRules,
        ...movementDecompositions,
        ...normalizationRules,
        ...quantizationRules,
        ...argExtremeRules,
        ...resizeRules,
        ...signalRules,
        ...reduceRules,
      ],
      ctx,
    ),
});

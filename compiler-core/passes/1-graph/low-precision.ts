/**
 * Quantised operators become arithmetic on integers: products of bytes with sums of 32 bits, scales folded into one factor, the way from sums
 * to bytes one operator. Between two quantised products nothing is f32.
 */
import { GraphEditor } from "../../graph/edit.ts";
import type { Graph } from "../../graph/ir.ts";
import { applyRules, type Rule } from "../../graph/rules.ts";
import { graphPass, type PassContext } from "../pass.ts";
import { blockRules, blocksAsFloats } from "./low-precision/blocks.ts";
import { integerConvolution, convolutionRules } from "./low-precision/convolutions.ts";
import { movementRules } from "./low-precision/movement.ts";
import { integerProduct, productRules } from "./low-precision/products.ts";
import { residualRules } from "./low-precision/residuals.ts";
import { quantisedOperand } from "./low-precision/quantised.ts";
import { requantiseRules } from "./low-precision/requantise.ts";

export const lowPrecision = graphPass({
  name: "low-precision",
  why: "Makes products of dequantised operands products of their bytes, with exact sums, and quantises their results in one step.",
  optional: true,
  run,
});

/** In rounds: a quantisation moves up to its product before it becomes one with it, and a division is only replaced where that failed. */
const rounds: readonly (readonly Rule[])[] = [
  movementRules,
  [...blockRules, ...productRules, ...convolutionRules],
  requantiseRules.filter((r) => r.name !== "low-precision/reciprocal"),
  residualRules,
  requantiseRules.filter((r) => r.name === "low-precision/reciprocal"),
];

function run(graph: Graph, ctx: PassContext): Graph {
  const found = rounds.reduce((g, rules) => applyRules(g, rules, ctx), graph);
  reportRefusals(found, ctx);
  return found;
}

/** Products with a quantised operand that stay products of floats: one verdict each. */
function reportRefusals(graph: Graph, ctx: PassContext): void {
  const e = new GraphEditor(graph);
  for (const node of graph.nodes) {
    const isProduct = node.op === "matmul" || node.op === "gemm";
    const answer = isProduct
      ? (blocksAsFloats(node, e) ?? integerProduct(node, e))
      : node.op === "conv"
        ? integerConvolution(node, e)
        : node.op === "conv-transpose" && node.inputs.some((v) => v !== null && quantisedOperand(e, v) !== undefined)
          ? "a transposed convolution has no integer kernel"
          : undefined;
    if (typeof answer !== "string") continue;
    ctx.verdict({
      subject: "template",
      accepted: false,
      rule: isProduct ? "low-precision/product" : "low-precision/convolution",
      because: `computed on floats: ${answer}`,
      facts: [],
      nodes: [node.id],
      ...(node.outputs[0] === undefined ? {} : { value: node.outputs[0] }),
    });
  }
}

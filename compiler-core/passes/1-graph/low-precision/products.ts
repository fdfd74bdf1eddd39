/**
 * Products of two dequantised operands become products of their integers: with scales sa and sb[n],
 *   sum (a - za) sa (b - zb) sb = sa sb sum (a - za)(b - zb),
 * where the sum is exact in 32 bits. What the zero points contribute is the business of the kernel's start values.
 */
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import type { Rule } from "../../../graph/rules.ts";
import { asF32, asScalar, isByte, isConstantLike, quantisedOperand, type Quantised } from "./quantised.ts";

/** 255 * 255 * this many products fit 31 bits. */
const longestSum = 33025;
/** With fewer rows, packing a computed operand takes longer than it saves. */
const leastRows = 4;
/** Smaller weights are multiplied as f32: they are not packed. */
const leastElements = 256;

interface Product {
  readonly a: Quantised;
  readonly b: Quantised;
  readonly transB: boolean;
}

/** The operands of the integer product, or why there is none. Undefined: nothing here is quantised. */
export function integerProduct(node: Node, e: GraphEditor): Product | string | undefined {
  const [left, right] = node.inputs as readonly [ValueId, ValueId];
  const [a, b] = [quantisedOperand(e, left), quantisedOperand(e, right)];
  if (a === undefined && b === undefined) return undefined;
  if (a === undefined) return "the left operand is not quantised";
  if (b === undefined) return "the right operand is not quantised, or has a scale for each block";
  const [sa, sb] = [e.staticShape(a.value), e.staticShape(b.value)];
  if (sa === undefined || sb === undefined) return "the shapes are not known";
  const alien = [a, b].find((q) => !isByte(q.dtype));
  if (alien !== undefined) return `elements of type ${alien.dtype} have no integer kernel`;
  const transB = node.attrs["transB"] === true;
  if (node.attrs["transA"] === true) return "the left operand is transposed";
  if (a.axis !== undefined) return "the left operand has a scale for each row or column";
  if (sb.length !== 2 || sa.length === 0) return "both operands are computed, in a batch: they are dequantised on the way into the product";
  const columns = transB ? 0 : 1;
  if (b.axis !== undefined && b.axis !== columns) return "the scales of the right operand lie along the sum";
  const [k, n] = [sb[1 - columns]!, sb[columns]!];
  const rows = sa.slice(0, -1).reduce((x, d) => x * d, 1);
  if (k * n < leastElements) return `a weight of ${k} x ${n} is not worth packing`;
  if (!isConstantLike(e, b.value) && rows < leastRows) return `packing the right operand at every run does not pay for ${rows} rows`;
  if (k > longestSum) return `a sum of ${k} products can exceed 32 bits`;
  return { a, b, transB };
}

/** Factors of the real product: scale of a, scales of the columns of b, alpha. */
function factor(p: PatchBuilder, { a, b }: Product, alpha: number): ValueId {
  const left = asScalar(p, asF32(p, a.scale));
  const right = b.axis === undefined ? asScalar(p, asF32(p, b.scale)) : asF32(p, b.scale);
  const scales = p.add("mul", [left, right]);
  return alpha === 1 ? scales : p.add("mul", [scales, p.constant("", fromValues("f32", [], [alpha]))]);
}

const zeroOf = (p: PatchBuilder, q: Quantised): ValueId | null =>
  q.zero === null ? null : q.axis === undefined ? asScalar(p, q.zero) : q.zero;

function rewrite(node: Node, e: GraphEditor): Patch | undefined {
  const product = integerProduct(node, e);
  if (product === undefined || typeof product === "string") return undefined;
  const { a, b, transB } = product;
  const out = e.value(node.outputs[0]!).dtype;
  const isGemm = node.op === "gemm";
  const alpha = isGemm ? (node.attrs["alpha"] as number) : 1;
  const beta = isGemm ? (node.attrs["beta"] as number) : 0;
  const summand = isGemm ? node.inputs[2] : undefined;
  const covers = [a.node, b.node].filter((n) => e.hasOneUse(n.outputs[0]!));
  const p = e.patch(node, [...new Set([...covers, node])]);
  const sums = p.add("matmul-integer", [a.value, b.value, zeroOf(p, a), zeroOf(p, b)], { transB });
  const real = p.add("mul", [p.add("cast", [sums], { to: "f32" }), factor(p, product, alpha)]);
  const scaled = (v: ValueId): ValueId => (beta === 1 ? v : p.add("mul", [v, p.constant("", fromValues("f32", [], [beta]))]));
  const full = summand == null || beta === 0 ? real : p.add("add", [real, scaled(asF32(p, summand))]);
  const note = `${a.dtype} x ${b.dtype}, ${b.axis === undefined ? "one scale" : "a scale per column"}`;
  return p.done(out === "f32" ? full : p.add("cast", [full], { to: out }), note);
}

export const productRules: readonly Rule[] = [{ name: "low-precision/product", ops: ["matmul", "gemm"], rewrite }];

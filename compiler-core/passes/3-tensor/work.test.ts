/** Calls of kernels have the work of their products, however their sizes are said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { indexType, type Expr, type KernelCall } from "../../tensor/ir.ts";
import { workOf } from "./work.ts";

const size = (value: number): Expr => ({ k: "const", type: indexType, value });
const call = (kernel: string, args: Record<string, number>, params: Record<string, number>): KernelCall => ({
  k: "kernel",
  id: 1,
  origin: [],
  kernel,
  refs: {},
  args: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, size(value)])),
  params,
});
const window = { rows: 112, columns: 112, channels: 32, kh: 3, kw: 3, out_columns: 112 };

for (const [what, made, products] of [
  ["a product", call("gemm_f32", { m: 64, n: 32, k: 100, lda: 100 }, { nr: 32 }), 64 * 32 * 100],
  ["a depthwise convolution with channels last", call("depthwise_last_u8s8", { row: 56, rows: 56 }, window), 56 * 112 * 32 * 9],
  ["a convolution with channels last", call("conv_last_u8s8", { row: 0, rows: 56, n: 64 }, window), 56 * 112 * 64 * 9 * 32],
] as const)
  test(what, () => assert.equal(workOf([made], "avx512"), products / 16 + 1));

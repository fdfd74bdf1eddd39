/**
 * Products of bf16 operands with f32 sums: `pack-bf16` rounds a right operand and pairs its rows in panels of columns, `matmul-bf16` multiplies.
 * Made by `bf16-products`.
 */
import { roundFloat } from "../../tensor/rounding.ts";
import { packedProductOp, packOp, type PanelFormat } from "./packed-panels.ts";

const format: PanelFormat = { depth: 2, dtype: "bf16", from: ["bf16", "f32"], left: ["bf16"], sum: "f32" };

export const packBF16 = packOp(format, {
  what: "a matrix rounded to bf16 in column panels of two interleaved rows",
  element: (v, _, mode) => (mode === "f64" ? v : roundFloat("bf16", v)),
  columnSums: false,
});

export const matmulBF16 = packedProductOp(format, {
  what: "a times a matrix from pack-bf16: exact products, sums in f32",
  arity: [2, 2],
});

/** ONNX matrix products. */
import type { ValueId } from "../../graph/ir.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

const gemm: Builder = (c) =>
  c.add("gemm", c.operands(3), {
    alpha: c.float("alpha", 1),
    beta: c.float("beta", 1),
    transA: c.flag("transA"),
    transB: c.flag("transB"),
  });

function fusedMatMul(c: BuildCall) {
  if (c.flag("transBatchA") || c.flag("transBatchB")) notCompiled("transposed batches are not supported");
  const product = c.add("matmul", [c.input(0), c.input(1)], { transA: c.flag("transA"), transB: c.flag("transB") });
  const alpha = c.float("alpha", 1);
  return alpha === 1 ? product : c.add("mul", [product, c.scalar(c.dtype(0), alpha)]);
}

/** An 8-bit operand as i32 with its zero point taken off. */
function centred(c: BuildCall, operand: number, zero: number): ValueId {
  const wide = c.add("cast", [c.input(operand)], { to: "i32" });
  if (!c.has(zero)) return wide;
  const rank = c.shape(zero)?.length ?? notCompiled("the rank of the zero point is not known");
  if (rank > 1 || (rank === 1 && operand === 0 && c.shape(zero)![0] !== 1)) notCompiled("zero points per row are not supported");
  return c.add("sub", [wide, c.add("cast", [c.input(zero)], { to: "i32" })]);
}

export const matrixBuilders: Readonly<Record<string, Builder>> = {
  MatMul: (c) => c.add("matmul", [c.input(0), c.input(1)]),
  Gemm: gemm,
  MatMulInteger: (c) => c.add("matmul", [centred(c, 0, 2), centred(c, 1, 3)]),
  "com.microsoft.FusedMatMul": fusedMatMul,
};

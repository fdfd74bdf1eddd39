/** ONNX matrix products. */
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

function einsum(c: BuildCall) {
  const operands = Array.from({ length: c.inputCount }, (_, i) => c.input(i));
  return c.add("einsum", operands, { equation: c.text("equation", "") });
}

export const matrixBuilders: Readonly<Record<string, Builder>> = {
  MatMul: (c) => c.add("matmul", [c.input(0), c.input(1)]),
  Gemm: gemm,
  Einsum: einsum,
  "com.microsoft.FusedMatMul": fusedMatMul,
};

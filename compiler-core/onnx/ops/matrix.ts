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
  /** The first axis behind the batch: m x batch x k becomes batch x m x k. */
  const batched = (i: number, name: string): ValueId => {
    if (!c.flag(name)) return c.input(i);
    const rank = c.shape(i)?.length ?? notCompiled("the rank of its operand is not known");
    return c.add("transpose", [c.input(i)], { perm: [...Array.from({ length: rank - 2 }, (_, a) => a + 1), 0, rank - 1] });
  };
  const product = c.add("matmul", [batched(0, "transBatchA"), batched(1, "transBatchB")], {
    transA: c.flag("transA"),
    transB: c.flag("transB"),
  });
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

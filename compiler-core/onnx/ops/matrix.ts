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

/** Determinants of larger matrices take an elimination; these are sums of few products. */
const largestDeterminant = 4;

/** By the first row, and the determinants of what is left without it and one column each. */
function det(c: BuildCall) {
  const shape = c.shape(0) ?? notCompiled("the rank of its operand is not known");
  const [n, columns] = [shape.at(-1), shape.at(-2)];
  if (typeof n !== "number" || n !== columns || shape.length < 2) return notCompiled("its operand is no square matrix of known extents");
  if (n < 1 || n > largestDeterminant) notCompiled(`determinants of ${n} x ${n} are not supported`);
  const outer = shape.slice(0, -2).map((_, axis) => ({ axis }));
  const cut = (x: ValueId, axis: number, i: number): ValueId =>
    c.add("slice", [x], { starts: [i], ends: [i + 1], axes: [axis], steps: [1] });
  const element = (row: number, column: number): ValueId => c.reshape(cut(cut(c.input(0), -2, row), -1, column), outer);
  const known = new Map<string, ValueId>();
  const minor = (row: number, left: readonly number[]): ValueId => {
    const key = left.join();
    const found = known.get(key) ?? sumOfProducts(row, left);
    known.set(key, found);
    return found;
  };
  const sumOfProducts = (row: number, left: readonly number[]): ValueId =>
    left
      .map((column) => {
        const rest = left.filter((k) => k !== column);
        return rest.length === 0 ? element(row, column) : c.add("mul", [element(row, column), minor(row + 1, rest)]);
      })
      .reduce((sum, term, i) => c.add(i % 2 === 1 ? "sub" : "add", [sum, term]));
  const whole = minor(
    0,
    Array.from({ length: n }, (_, i) => i),
  );
  return n === 1 ? c.add("identity", [whole]) : whole;
}

export const matrixBuilders: Readonly<Record<string, Builder>> = {
  MatMul: (c) => c.add("matmul", [c.input(0), c.input(1)]),
  Gemm: gemm,
  Einsum: einsum,
  Det: det,
  "com.microsoft.FusedMatMul": fusedMatMul,
};

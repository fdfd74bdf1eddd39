/** Gemm, products with vectors, products with a transposed left operand, and split. */
import { isFloat } from "../../../support/dtype.ts";
import type { GraphEditor } from "../../../graph/edit.ts";
import type { Patch, PatchBuilder } from "../../../graph/patch.ts";
import type { Node, ValueId } from "../../../graph/ir.ts";
import { fromValues } from "../../../graph/ndarray.ts";
import type { Rule } from "../../../graph/rules.ts";

/** x * factor, where the factor is not 1. Applied to a constant it will be folded. */
function scaled(p: PatchBuilder, x: ValueId, factor: number): ValueId {
  return factor === 1 ? x : p.add("mul", [x, p.constant("", fromValues(p.value(x).dtype, [], [factor]))]);
}

const isPowerOfTwo = (x: number): boolean => Number.isFinite(x) && x > 0 && Math.log2(x) % 1 === 0;

/** alpha goes into a constant b if that is exact, else onto the product; beta onto c. */
function gemm(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b, c] = node.inputs;
  if (a == null || b == null) return undefined;
  const [alpha, beta] = [node.attrs["alpha"] as number, node.attrs["beta"] as number];
  const dtype = e.value(a).dtype;
  if (!isFloat(dtype) && (!Number.isInteger(alpha) || !Number.isInteger(beta))) return undefined;
  const p = e.patch(node);
  const intoB = alpha !== 1 && e.isConstant(b) && isPowerOfTwo(alpha);
  const product = p.add("matmul", [a, intoB ? scaled(p, b, alpha) : b], { transA: node.attrs["transA"], transB: node.attrs["transB"] });
  const left = intoB ? product : scaled(p, product, alpha);
  return p.done(c == null || beta === 0 ? left : p.add("add", [left, scaled(p, c, beta)]));
}

/** A vector becomes a matrix of one row or column, and the axis goes again after the product. */
function matmulVector(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const [sa, sb, out] = [e.staticShape(a), e.staticShape(b), e.staticShape(node.outputs[0]!)];
  if (!sa || !sb || !out || (sa.length > 1 && sb.length > 1)) return undefined;
  const p = e.patch(node);
  const reshape = (x: ValueId, shape: readonly number[]): ValueId => p.add("reshape", [x], { shape, allowZero: true });
  const left = sa.length === 1 ? reshape(a, [1, sa[0]!]) : a;
  const right = sb.length === 1 ? reshape(b, [sb[0]!, 1]) : b;
  const transB = sb.length === 1 ? false : node.attrs["transB"];
  const transA = node.op === "matmul" ? { transA: sa.length === 1 ? false : node.attrs["transA"] } : {};
  return p.done(reshape(p.add(node.op, [left, right, ...node.inputs.slice(2)], { ...transA, transB }), out));
}

/** The templates read A by rows: a transposed A is transposed for itself (and folded if it is constant). */
function transposedA(node: Node, e: GraphEditor): Patch | undefined {
  const [a, b] = node.inputs as readonly [ValueId, ValueId];
  const rank = e.value(a).shape?.length ?? 0;
  if (node.attrs["transA"] !== true || rank < 2) return undefined;
  const p = e.patch(node);
  const perm = [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2];
  return p.done(p.add("matmul", [p.add("transpose", [a], { perm }), b], { transB: node.attrs["transB"] }));
}

function split(node: Node, e: GraphEditor): Patch | undefined {
  const x = node.inputs[0]!;
  const shape = e.staticShape(x);
  const axis = node.attrs["axis"] as number;
  if (shape === undefined) return undefined;
  const p = e.patch(node);
  let at = 0;
  const parts = node.outputs.map((id) => {
    const size = e.staticShape(id)![axis]!;
    const part = p.add("slice", [x], { starts: [at], ends: [at + size], axes: [axis], steps: [1] });
    at += size;
    return part;
  });
  return p.done(parts);
}

export const matrixRules: readonly Rule[] = [
  { name: "decompose/gemm", ops: ["gemm"], rewrite: gemm },
  { name: "decompose/matmul-vector", ops: ["matmul", "matmul-integer"], rewrite: matmulVector },
  { name: "decompose/transposed-a", ops: ["matmul"], rewrite: transposedA },
  { name: "decompose/split", ops: ["split"], rewrite: split },
];

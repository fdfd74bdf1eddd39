/** The product of 8- or 16-bit integer matrices in 32 bits, less their zero points: what MatMulInteger and the QLinear operators are made of. */
import type { DType } from "../../support/dtype.ts";
import { agrees, shapeText } from "../dims.ts";
import type { Shape } from "../ir.ts";
import { allocate, count, type NdArray, type NumberArray } from "../ndarray.ts";
import { broadcastStrides } from "../eval-elementwise.ts";
import { evalProduct, inferProduct, productFlops } from "./matmul.ts";
import { refuse, type EvalCall, type InferCall, type Inferred, type Op, type TensorType } from "./op.ts";

const accepted: readonly DType[] = ["u8", "i8", "u16", "i16"];

/**
 * The shape under which a zero point broadcasts to its operand: one number for all, one per row of a (a vector stands for a column), or one per
 * column of b.
 */
export function zeroPointShape(zero: Shape, operand: Shape, left: boolean): Shape {
  if (zero.every((d) => d === 1)) return [];
  return left && zero.length === 1 && operand.length > 1 ? [zero[0]!, 1] : zero;
}

function problem(zero: TensorType | null | undefined, operand: TensorType, left: boolean): string | undefined {
  if (zero === null || zero === undefined) return undefined;
  if (zero.dtype !== operand.dtype) return `the zero point is ${zero.dtype}, the operand ${operand.dtype}`;
  if (zero.shape === undefined || operand.shape === undefined) return undefined;
  const shape = zeroPointShape(zero.shape, operand.shape, left);
  const shift = operand.shape.length - shape.length;
  const alongK = shape.at(left ? -1 : -2) ?? 1;
  const fits = shift >= 0 && alongK === 1 && shape.every((d, i) => d === 1 || agrees(operand.shape![i + shift]!, d));
  return fits ? undefined : `a zero point of ${shapeText(zero.shape)} does not fit an operand of ${shapeText(operand.shape)}`;
}

function infer(call: InferCall): Inferred {
  const [a, b, zeroA, zeroB] = call.inputs as readonly [TensorType, TensorType, TensorType?, TensorType?];
  const alien = [a, b].find((t) => !accepted.includes(t.dtype));
  if (alien !== undefined) return refuse("dtype", `elements of type ${alien.dtype} are not supported here`);
  const wrong = problem(zeroA, a, true) ?? problem(zeroB, b, false);
  return wrong === undefined ? inferProduct(a, b, call.attrs, "i32") : refuse("shape", wrong);
}

/** The operand in 32 bits, zero point taken off. */
function centred(x: NdArray, zero: NdArray | null | undefined, left: boolean): NdArray {
  const out = allocate("i32", x.shape, "native");
  const [from, to] = [x.data as NumberArray, out.data as NumberArray];
  to.set(from);
  if (!zero) return out;
  const shape = zeroPointShape(zero.shape, x.shape, left) as readonly number[];
  const steps = broadcastStrides(shape, x.shape);
  for (let i = 0; i < count(x.shape); i++) {
    let at = 0;
    for (let axis = x.shape.length - 1, rest = i; axis >= 0; axis--) {
      at += (rest % x.shape[axis]!) * steps[axis]!;
      rest = Math.floor(rest / x.shape[axis]!);
    }
    to[i]! -= (zero.data as NumberArray)[at]!;
  }
  return out;
}

const evaluate = (call: EvalCall): readonly NdArray[] => {
  const [a, b, zeroA, zeroB] = call.inputs as readonly [NdArray, NdArray, NdArray?, NdArray?];
  return evalProduct({ ...call, inputs: [centred(a, zeroA, true), centred(b, zeroB, false)] });
};

export const matmulInteger: Op = {
  what: "(a - zero point of a) times (b - zero point of b) in i32: exact, wrapping; a zero point is one number, one per row of a, or one per column of b",
  arity: [2, 4],
  outputs: [1, 1],
  attrs: { transB: { kind: "bool", default: false, what: "the last two axes of b are exchanged" } },
  traits: ["matmul"],
  infer,
  eval: evaluate,
  flops: productFlops,
};

/**
 * ONNX operators on quantised tensors. Products are exact in i32; what follows is f32, in the order of ONNX Runtime: the sums times one factor,
 * rounded half to even, plus the zero point, saturated.
 */
import type { ValueId } from "../../graph/ir.ts";
import type { OpName } from "../../graph/ops/index.ts";
import type { DType } from "../../support/dtype.ts";
import { integerRange } from "../../tensor/rounding.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";
import { windowAttributes } from "./conv.ts";
import { dynamicQuantize } from "./quantize.ts";

const f32 = (c: BuildCall, x: ValueId): ValueId => c.add("cast", [x], { to: "f32" });

/** round(x) + zero point, saturated to the type. */
function saturated(c: BuildCall, x: ValueId, zero: ValueId | null, to: DType): ValueId {
  const rounded = c.add("round", [x]);
  const shifted = zero === null ? rounded : c.add("add", [rounded, f32(c, zero)]);
  const { lowest, highest } = integerRange(to);
  return c.add("cast", [c.add("clip", [shifted], { min: Number(lowest), max: Number(highest) })], { to });
}

/** A scale of the left operand, one per row if it is a vector. */
function rowScale(c: BuildCall, i: number): ValueId {
  const shape = c.shape(i) ?? notCompiled("the rank of a scale is not known");
  return shape.length === 1 && shape[0] !== 1 ? c.add("reshape", [c.input(i)], { shape: [-1, 1] }) : c.input(i);
}

function matmul(c: BuildCall) {
  const sums = c.add("matmul-integer", [c.input(0), c.input(3), c.optional(2), c.optional(5)]);
  const factor = c.add("div", [c.add("mul", [f32(c, rowScale(c, 1)), f32(c, c.input(4))]), f32(c, c.input(6))]);
  return saturated(c, c.add("mul", [f32(c, sums), factor]), c.input(7), c.dtype(7));
}

/** com.microsoft: A, B with scales and zero points, a bias of i32 sums; without a scale of the result, it is f32. */
function gemm(c: BuildCall) {
  // Turned here and not by the product: zero points, like scales, are one per column of what is multiplied.
  const turned = (i: number, flag: string): ValueId => (c.flag(flag) ? c.add("transpose", [c.input(i)], { perm: [1, 0] }) : c.input(i));
  const sums = c.add("matmul-integer", [turned(0, "transA"), turned(3, "transB"), c.optional(2), c.optional(5)]);
  const all = c.has(6) ? c.add("add", [sums, c.input(6)]) : sums;
  const scales = c.add("mul", [f32(c, c.input(1)), f32(c, c.input(4))]);
  const alpha = c.float("alpha", 1);
  const factor = alpha === 1 ? scales : c.add("mul", [scales, c.scalar("f32", alpha)]);
  if (!c.has(7)) return c.add("mul", [f32(c, all), factor]);
  const product = c.add("mul", [f32(c, all), c.add("div", [factor, f32(c, c.input(7))])]);
  return saturated(c, product, c.optional(8), c.has(8) ? c.dtype(8) : c.dtype(0));
}

/** (x - zero point) * scale of operand `i` and the two after it; an absent zero point is 0. */
function dequantized(c: BuildCall, i: number): ValueId {
  return c.add("dequantize-linear", c.has(i + 2) ? [c.input(i), c.input(i + 1), c.input(i + 2)] : [c.input(i), c.input(i + 1)], {
    axis: 0,
  });
}

/** Quantised with the scale at `scale` and the zero point after it, which says the type; else the type of operand `like`. */
function quantized(c: BuildCall, x: ValueId, scale: number, like: number): ValueId {
  const zero = c.optional(scale + 1);
  const operands = zero === null ? [x, c.input(scale)] : [x, c.input(scale), zero];
  return c.add("quantize-linear", operands, { axis: 0, to: zero === null ? c.dtype(like) : c.dtype(scale + 1) });
}

/** x, scale, zero point, scale and zero point of the result: a function of the real value. */
const unary =
  (f: (c: BuildCall, x: ValueId) => ValueId): Builder =>
  (c) =>
    quantized(c, f(c, dequantized(c, 0)), 3, 0);

/** Sum of two quantised tensors: each times the ratio of its scale and the result's, and what the zero points amount to added once. */
function add(c: BuildCall) {
  const ratio = (i: number): ValueId => c.add("div", [c.input(i), c.input(6)]);
  const [ra, rb] = [ratio(1), ratio(4)];
  const zero = (i: number): ValueId => (c.has(i) ? f32(c, c.input(i)) : c.scalar("f32", 0));
  const offset = c.add("add", [c.add("mul", [ra, zero(2)]), c.add("mul", [rb, zero(5)])]);
  const fixed = c.add("sub", [zero(7), offset]);
  const right = c.add("add", [c.add("mul", [f32(c, c.input(3)), rb]), fixed]);
  const sum = c.add("add", [c.add("mul", [f32(c, c.input(0)), ra]), right]);
  return saturated(c, sum, null, c.dtype(0));
}

/** The product of the centred integers is exact; one factor holds all three scales. */
function mul(c: BuildCall) {
  const centred = (i: number): ValueId => {
    const wide = c.add("cast", [c.input(i)], { to: "i32" });
    return c.has(i + 2) ? c.add("sub", [wide, c.add("cast", [c.input(i + 2)], { to: "i32" })]) : wide;
  };
  const factor = c.add("div", [c.add("mul", [c.input(1), c.input(4)]), c.input(6)]);
  const product = c.add("mul", [f32(c, c.add("mul", [centred(0), centred(3)])), factor]);
  return saturated(c, product, c.optional(7), c.dtype(0));
}

/** Scale and zero point of the result, then three operands for each input. */
function concat(c: BuildCall) {
  const parts = Array.from({ length: Math.floor((c.inputCount - 2) / 3) }, (_, i) => {
    const real = c.add("dequantize-linear", [c.input(3 * i + 2), c.input(3 * i + 3), c.input(3 * i + 4)], { axis: 0 });
    return c.add("quantize-linear", [real, c.input(0), c.input(1)], { axis: 0, to: c.dtype(1) });
  });
  return c.add("concat", parts, { axis: c.int("axis") ?? notCompiled("the axis is missing") });
}

/** Condition, then two operands with scales and zero points, then those of the result. */
function where(c: BuildCall): ValueId {
  return quantized(c, c.add("where", [c.input(0), dequantized(c, 1), dequantized(c, 4)]), 7, 1);
}

function globalAveragePool(c: BuildCall, x: ValueId): ValueId {
  if (c.flag("channels_last")) notCompiled("channels last are not supported");
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  return c.add("reduce-mean", [x], { axes: Array.from({ length: rank - 2 }, (_, i) => i + 2), keepdims: true });
}

function averagePool(c: BuildCall, x: ValueId): ValueId {
  if (c.flag("channels_last")) notCompiled("channels last are not supported");
  const kernel = c.ints("kernel_shape") ?? notCompiled("kernel_shape is missing");
  const window = { kernel, ...windowAttributes(c), ceil: c.flag("ceil_mode") };
  return c.add("average-pool", [x], { ...window, includePad: c.flag("count_include_pad") });
}

/** Before opset 13 the axes from `axis` on are one; the attribute says whose rules hold. */
function softmax(c: BuildCall, x: ValueId): ValueId {
  const rank = c.shape(0)?.length ?? notCompiled("the rank of its operand is not known");
  const axis = c.int("axis", -1);
  const normal = axis < 0 ? axis + rank : axis;
  if (c.int("opset", 13) < 13 && normal !== rank - 1) notCompiled("softmax over several axes is not supported here");
  return c.add("softmax", [x], { axis });
}

/** a, b (quantised), scales, zero points: the product as f32, with a bias. */
function product(c: BuildCall, a: ValueId, b: ValueId, zeros: readonly (ValueId | null)[], scale: ValueId, bias: ValueId | null): ValueId {
  const scaled = c.add("mul", [f32(c, c.add("matmul-integer", [a, b, ...zeros])), scale]);
  return bias === null ? scaled : c.add("add", [scaled, bias]);
}

/** com.microsoft: A f32, B quantised, scale of B, zero point of B, bias. */
function dynamicQuantizeMatMul(c: BuildCall) {
  const { y, scale, zero } = dynamicQuantize(c, c.input(0));
  return product(c, y, c.input(1), [zero, c.optional(3)], c.add("mul", [scale, c.input(2)]), c.optional(4));
}

/** com.microsoft: A and B quantised, scales of A and B, zero points of A and B, bias. */
function matmulIntegerToFloat(c: BuildCall) {
  const scale = c.add("mul", [rowScale(c, 2), c.input(3)]);
  return product(c, c.input(0), c.input(1), [c.optional(4), c.optional(5)], scale, c.optional(6));
}

const simple =
  (op: OpName) =>
  (c: BuildCall, x: ValueId): ValueId =>
    c.add(op, [x]);

export const qlinearBuilders: Readonly<Record<string, Builder>> = {
  MatMulInteger: (c) => c.add("matmul-integer", c.operands(4)),
  QLinearMatMul: matmul,
  "com.microsoft.QGemm": gemm,
  "com.microsoft.QLinearWhere": where,
  "com.microsoft.QLinearAdd": add,
  "com.microsoft.QLinearMul": mul,
  "com.microsoft.QLinearConcat": concat,
  "com.microsoft.QLinearSigmoid": unary(simple("sigmoid")),
  "com.microsoft.QLinearLeakyRelu": unary((c, x) => c.add("leaky-relu", [x], { alpha: c.float("alpha", 0.01) })),
  "com.microsoft.QLinearGlobalAveragePool": unary(globalAveragePool),
  "com.microsoft.QLinearAveragePool": unary(averagePool),
  "com.microsoft.QLinearSoftmax": unary(softmax),
  "com.microsoft.DynamicQuantizeMatMul": dynamicQuantizeMatMul,
  "com.microsoft.MatMulIntegerToFloat": matmulIntegerToFloat,
};

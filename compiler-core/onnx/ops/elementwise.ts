/** ONNX operators that are elementwise: mostly a change of name. */
import type { OpName } from "../../graph/ops/index.ts";
import { computeType } from "../../graph/ops/elementwise.ts";
import { float8Types } from "../../graph/ops/op.ts";
import type { ValueId } from "../../graph/ir.ts";
import type { DType } from "../../support/dtype.ts";
import { normalInteger } from "../../tensor/rounding.ts";
import { onnxDTypes } from "../dtype.ts";
import { asDType, notCompiled, type BuildCall, type Builder } from "./build-call.ts";

const unary =
  (op: OpName): Builder =>
  (c) =>
    c.add(op, [c.input(0)]);
const binary =
  (op: OpName): Builder =>
  (c) => {
    return c.add(op, [c.input(0), c.opset < 7 && c.flag("broadcast") ? alignedOperand(c, c.int("axis")) : c.input(1)]);
  };
/** Before opset 7 the second operand lies on the axes of the first from `axis` on (default: on the last ones); 1s are put behind it. */
function alignedOperand(c: BuildCall, axis: number | undefined): ValueId {
  const [a, b] = [c.shape(0), c.shape(1)];
  if (a === undefined || b === undefined) return notCompiled("the rank of an operand is not known");
  const behind = axis === undefined ? 0 : a.length - (axis < 0 ? axis + a.length : axis) - b.length;
  if (behind < 0) notCompiled(`an operand of rank ${b.length} does not fit axis ${axis}`);
  return behind === 0 ? c.input(1) : c.reshape(c.input(1), [...b.map((_, i) => ({ axis: i })), ...new Array<number>(behind).fill(1)]);
}

/** One operand and float attributes with the operator's defaults. */
const withFloats =
  (op: OpName, ...names: readonly string[]): Builder =>
  (c) =>
    c.add(
      op,
      [c.input(0)],
      Object.fromEntries(
        names.flatMap((name) => {
          const v = c.float(name);
          return v === undefined ? [] : [[name, v]];
        }),
      ),
    );
const variadic =
  (op: OpName): Builder =>
  (c) => {
    const rest = Array.from({ length: c.inputCount - 1 }, (_, i) => c.input(i + 1));
    return rest.length === 0 ? c.add("identity", [c.input(0)]) : rest.reduce((sum, x) => c.add(op, [sum, x]), c.input(0));
  };

/** A bound that is known, exactly also where it is an integer of 64 bits. */
function boundOf(c: BuildCall, i: number): number | bigint | undefined {
  const value = c.has(i) ? c.context.graph.known(c.input(i))?.data[0] : undefined;
  return typeof value === "bigint" ? normalInteger(value) : value;
}

function clip(c: BuildCall) {
  const x = c.input(0);
  if (c.opset < 11) return c.add("clip", [x], { min: c.float("min"), max: c.float("max") });
  const [min, max] = [1, 2].map((i) => boundOf(c, i));
  const folded = (!c.has(1) || min !== undefined) && (!c.has(2) || max !== undefined);
  if (folded) return c.add("clip", [x], { min, max });
  const above = c.has(1) ? c.add("max", [x, c.input(1)]) : x;
  return c.has(2) ? c.add("min", [above, c.input(2)]) : above;
}

function cast(c: BuildCall) {
  return castTo(c, c.opset < 6 ? (asDType(dtypeNames[c.text("to", "")] ?? "") ?? notCompiled("its type is not known")) : c.dtypeOf("to"));
}

/** Names of element types as opset 1 spells them. */
const dtypeNames: Readonly<Record<string, string>> = Object.fromEntries(Object.entries(onnxDTypes).map(([name, row]) => [row.onnx, name]));

function castTo(c: BuildCall, to: DType): ValueId {
  if (to === "string" || c.dtype(0) === "string") notCompiled("casts from and to strings are not compiled");
  return c.add("cast", [c.input(0)], { to, rule: ruleOf(c, to) });
}

/** `saturate` and `round_mode` where they say something: in casts to floats of 8 bits. */
function ruleOf(c: BuildCall, to: DType): string | undefined {
  if (!float8Types.includes(to)) return undefined;
  const round = c.text("round_mode", "up");
  const words = [...(c.flag("saturate", true) ? [] : ["overflow"]), ...(to === "f8e8m0" && round !== "up" ? [round] : [])];
  return words.length === 0 ? undefined : words.join("_");
}

/** Before opset 7 a slope of one axis goes with the channels, axis 1. */
function prelu(c: BuildCall) {
  const [x, slope] = [c.shape(0), c.shape(1)];
  const perChannel = c.opset < 7 && x !== undefined && x.length > 2 && slope?.length === 1;
  return c.add("prelu", [c.input(0), perChannel ? c.reshape(c.input(1), [{ axis: 0 }, ...x.slice(2).map(() => 1)]) : c.input(1)]);
}

/** Floats of 16 bits are added up in f32 and rounded once. */
function sumOf(c: BuildCall, finish: (sum: ValueId, dtype: DType) => ValueId) {
  const dtype = c.dtype(0);
  const work = computeType(dtype);
  const as = (x: ValueId, to: DType, from: DType): ValueId => (to === from ? x : c.add("cast", [x], { to }));
  const terms = Array.from({ length: c.inputCount }, (_, i) => as(c.input(i), work, dtype));
  return as(
    finish(
      terms.slice(1).reduce((sum, x) => c.add("add", [sum, x]), terms[0]!),
      work,
    ),
    dtype,
    work,
  );
}

const sum: Builder = (c) => (c.inputCount > 2 ? sumOf(c, (x) => x) : variadic("add")(c));
const mean: Builder = (c) =>
  c.inputCount === 1 ? c.add("identity", [c.input(0)]) : sumOf(c, (x, dtype) => c.add("div", [x, c.scalar(dtype, c.inputCount)]));

function bitShift(c: BuildCall) {
  return c.add(c.text("direction", "") === "LEFT" ? "shift-left" : "shift-right", [c.input(0), c.input(1)]);
}

/** Inference only: x, and a mask of ones if somebody asks for it. */
function dropout(c: BuildCall) {
  if (c.has(2) && c.known(2)?.[0] !== 0 && !(c.has(1) && c.known(1)?.[0] === 0))
    notCompiled("dropout in training mode draws random numbers");
  const y = c.add("identity", [c.input(0)]);
  if (c.outputCount < 2) return y;
  const mask = c.add("constant-of-shape", [c.add("shape", [c.input(0)])], { value: 1, dtype: c.opset < 10 ? c.dtype(0) : "bool" });
  return [y, mask];
}

function biasGelu(approximate: string): Builder {
  return (c) => c.add("gelu", [c.has(1) ? c.add("add", [c.input(0), c.input(1)]) : c.input(0)], { approximate });
}

export const elementwiseBuilders: Readonly<Record<string, Builder>> = {
  Abs: unary("abs"),
  Neg: unary("neg"),
  Sign: unary("sign"),
  Exp: unary("exp"),
  Log: unary("log"),
  Sqrt: unary("sqrt"),
  Reciprocal: unary("reciprocal"),
  Tanh: unary("tanh"),
  Erf: unary("erf"),
  Sigmoid: unary("sigmoid"),
  Softplus: unary("softplus"),
  Softsign: unary("softsign"),
  Sin: unary("sin"),
  Cos: unary("cos"),
  Tan: unary("tan"),
  Asin: unary("asin"),
  Acos: unary("acos"),
  Atan: unary("atan"),
  Sinh: unary("sinh"),
  Cosh: unary("cosh"),
  Asinh: unary("asinh"),
  Acosh: unary("acosh"),
  Atanh: unary("atanh"),
  Floor: unary("floor"),
  Ceil: unary("ceil"),
  Round: unary("round"),
  Relu: unary("relu"),
  Mish: unary("mish"),
  HardSwish: unary("hard-swish"),
  Not: unary("not"),
  BitwiseNot: unary("bit-not"),
  IsNaN: unary("is-nan"),
  Identity: unary("identity"),
  IsInf: (c) => c.add("is-inf", [c.input(0)], { negative: c.flag("detect_negative", true), positive: c.flag("detect_positive", true) }),
  Add: binary("add"),
  Sub: binary("sub"),
  Mul: binary("mul"),
  Div: binary("div"),
  Pow: binary("pow"),
  PRelu: prelu,
  And: binary("and"),
  Or: binary("or"),
  Xor: binary("xor"),
  BitwiseAnd: binary("bit-and"),
  BitwiseOr: binary("bit-or"),
  BitwiseXor: binary("bit-xor"),
  Equal: binary("equal"),
  Less: binary("less"),
  LessOrEqual: binary("less-equal"),
  Greater: binary("greater"),
  GreaterOrEqual: binary("greater-equal"),
  Mod: (c) => c.add("mod", [c.input(0), c.input(1)], { fmod: c.flag("fmod") }),
  Where: (c) => c.add("where", [c.input(0), c.input(1), c.input(2)]),
  Sum: sum,
  Max: variadic("max"),
  Min: variadic("min"),
  Mean: mean,
  LeakyRelu: withFloats("leaky-relu", "alpha"),
  Elu: withFloats("elu", "alpha"),
  Selu: withFloats("selu", "alpha", "gamma"),
  Celu: withFloats("celu", "alpha"),
  HardSigmoid: withFloats("hard-sigmoid", "alpha", "beta"),
  ThresholdedRelu: withFloats("thresholded-relu", "alpha"),
  Shrink: withFloats("shrink", "bias", "lambd"),
  Swish: (c) => (c.float("alpha", 1) === 1 ? c.add("silu", [c.input(0)]) : c.add("swish", [c.input(0)], { alpha: c.float("alpha", 1) })),
  Gelu: (c) => c.add("gelu", [c.input(0)], { approximate: c.text("approximate", "none") }),
  Clip: clip,
  Cast: cast,
  BitShift: bitShift,
  Dropout: dropout,
  CastLike: (c) => castTo(c, c.dtype(1)),
  BitCast: (c) => c.add("bit-cast", [c.input(0)], { to: c.dtypeOf("to") }),
  "com.microsoft.Gelu": biasGelu("none"),
  "com.microsoft.BiasGelu": biasGelu("none"),
  "com.microsoft.FastGelu": biasGelu("tanh"),
  "com.microsoft.QuickGelu": (c) => c.add("swish", [c.input(0)], { alpha: c.float("alpha", 1.702) }),
};

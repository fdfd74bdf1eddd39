/** ONNX operators that are elementwise: mostly a change of name. */
import type { OpName } from "../../graph/ops/index.ts";
import { notCompiled, type BuildCall, type Builder } from "./build-call.ts";

const unary =
  (op: OpName): Builder =>
  (c) =>
    c.add(op, [c.input(0)]);
const binary =
  (op: OpName): Builder =>
  (c) => {
    if (c.opset < 7 && c.flag("broadcast")) notCompiled("broadcasting as before opset 7 is not supported");
    return c.add(op, [c.input(0), c.input(1)]);
  };
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

function clip(c: BuildCall) {
  const x = c.input(0);
  if (c.opset < 11) return c.add("clip", [x], { min: c.float("min"), max: c.float("max") });
  const [min, max] = [c.known(1), c.known(2)];
  const folded = (!c.has(1) || min !== undefined) && (!c.has(2) || max !== undefined);
  if (folded) return c.add("clip", [x], { min: min?.[0], max: max?.[0] });
  const above = c.has(1) ? c.add("max", [x, c.input(1)]) : x;
  return c.has(2) ? c.add("min", [above, c.input(2)]) : above;
}

function cast(c: BuildCall) {
  const to = c.dtypeOf("to");
  if (c.int("saturate", 1) === 0) notCompiled("casts without saturation are not supported");
  return c.add("cast", [c.input(0)], { to });
}

function mean(c: BuildCall) {
  const sum = variadic("add")(c) as number;
  return c.inputCount === 1 ? sum : c.add("div", [sum, c.scalar(c.dtype(0), c.inputCount)]);
}

function bitShift(c: BuildCall) {
  return c.add(c.text("direction", "") === "LEFT" ? "shift-left" : "shift-right", [c.input(0), c.input(1)]);
}

/** Inference only: x, and a mask of ones if somebody asks for it. */
function dropout(c: BuildCall) {
  if (c.has(2) && c.known(2)?.[0] !== 0) notCompiled("dropout in training mode is not supported");
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
  PRelu: binary("prelu"),
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
  Sum: variadic("add"),
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
  CastLike: (c) => c.add("cast", [c.input(0)], { to: c.dtype(1) }),
  "com.microsoft.Gelu": biasGelu("none"),
  "com.microsoft.BiasGelu": biasGelu("none"),
  "com.microsoft.FastGelu": biasGelu("tanh"),
  "com.microsoft.QuickGelu": (c) => c.add("swish", [c.input(0)], { alpha: c.float("alpha", 1.702) }),
};

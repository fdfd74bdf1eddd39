/** Elementwise operators of one operand: a table of one-liners. Formulas are those of the ONNX operator of the same name. */
import { binary, constant, select, unary } from "../../tensor/build.ts";
import type { Expr, UnaryOp } from "../../tensor/ir.ts";
import { elementwise, num, type ElementwiseRow } from "./elementwise.ts";
import { float8Types, floatTypes, integerTypes, numberTypes, type Op } from "./op.ts";

type Row = Omit<ElementwiseRow, "body"> & { readonly body: (x: Expr) => Expr };
const one = (row: Row): Op => elementwise({ ...row, body: ([x]) => row.body(x!) });
const real = (what: string, cost: number, body: (x: Expr) => Expr): Op => one({ what, accepts: floatTypes, cost, body });
/** The operator that Tensor IR has under the same meaning. */
const direct = (what: string, op: UnaryOp, cost: number): Op => real(what, cost, (x) => unary(op, x));
const number = (what: string, body: (x: Expr) => Expr): Op => one({ what, accepts: numberTypes, cost: 1, body });

/** NaN stays NaN; unsigned numbers are never below 0. */
function signOf(x: Expr): Expr {
  const above = binary("gt", x, num(0, x));
  if (x.type.dtype.startsWith("u")) return select(above, num(1, x), num(0, x));
  return select(above, num(1, x), select(binary("lt", x, num(0, x)), num(-1, x), binary("mul", x, num(0, x))));
}
const isInfinite = (x: Expr): Expr => binary("eq", unary("abs", x), num(Infinity, x));

export const neg = number("-x", (x) => unary("neg", x));
export const abs = number("magnitude of x", (x) => unary("abs", x));
export const sign = number("-1, 0 or 1", signOf);
export const exp = direct("e to the x", "exp", 10);
export const log = direct("natural logarithm", "log", 10);
export const sqrt = direct("square root", "sqrt", 1);
export const reciprocal = direct("1 / x", "reciprocal", 1);
export const tanh = direct("hyperbolic tangent", "tanh", 14);
export const erf = direct("error function", "erf", 14);
export const sigmoid = direct("1 / (1 + exp(-x))", "sigmoid", 12);
export const softplus = direct("log(1 + exp(x))", "softplus", 20);
export const sin = direct("sine", "sin", 12);
export const cos = direct("cosine", "cos", 12);
export const tan = direct("tangent", "tan", 22);
export const asin = direct("inverse sine", "asin", 28);
export const acos = direct("inverse cosine", "acos", 28);
export const atan = direct("inverse tangent", "atan", 20);
export const sinh = direct("hyperbolic sine", "sinh", 30);
export const cosh = direct("hyperbolic cosine", "cosh", 22);
export const asinh = direct("inverse hyperbolic sine", "asinh", 38);
export const acosh = direct("inverse hyperbolic cosine", "acosh", 40);
export const atanh = direct("inverse hyperbolic tangent", "atanh", 36);
export const floor = direct("largest integer not above x", "floor", 1);
export const ceil = direct("smallest integer not below x", "ceil", 1);
export const round = direct("nearest integer, ties to even", "rint", 1);
export const relu = number("max(x, 0)", (x) => binary("max", x, num(0, x)));
export const softsign = real("x / (1 + |x|)", 3, (x) => binary("div", x, binary("add", num(1, x), unary("abs", x))));
export const silu = real("x * sigmoid(x)", 13, (x) => binary("mul", x, unary("sigmoid", x)));
export const mish = real("x * tanh(softplus(x))", 35, (x) => binary("mul", x, unary("tanh", unary("softplus", x))));
export const hardSwish = real("x * max(0, min(1, x / 6 + 0.5))", 5, (x) =>
  binary("mul", x, binary("max", num(0, x), binary("min", num(1, x), binary("add", binary("mul", x, num(1 / 6, x)), num(0.5, x))))),
);
export const not = one({ what: "logical negation", accepts: ["bool"], cost: 1, body: (x) => unary("not", x) });
export const bitNot = one({ what: "bitwise complement", accepts: integerTypes, cost: 1, body: (x) => unary("not", x) });
export const isNan = one({
  what: "is x not a number?",
  accepts: [...floatTypes, ...float8Types],
  result: () => "bool",
  cost: 1,
  body: (x) => unary("isnan", x),
});
export const isInf = elementwise({
  what: "is x infinite?",
  accepts: [...floatTypes, ...float8Types],
  attrs: { negative: { kind: "bool", default: true }, positive: { kind: "bool", default: true } },
  result: () => "bool",
  cost: 1,
  body: ([x], attrs) => {
    const [low, high] = [attrs["negative"] === true, attrs["positive"] === true];
    if (low && high) return isInfinite(x!);
    return low || high ? binary("eq", x!, num(low ? -Infinity : Infinity, x!)) : constant(false, "bool", x!.type.lanes);
  },
});

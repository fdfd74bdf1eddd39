/** Elementwise operators of one operand with parameters. Formulas are those of the ONNX operator of the same name. */
import { binary, unary } from "../../tensor/build.ts";
import { select } from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import type { Attrs } from "../ir.ts";
import { elementwise, num } from "./elementwise.ts";
import { floatAttr, floatTypes, numberTypes, stringAttr, type AttrSpec, type Op } from "./op.ts";

type Parameter = (name: string) => Expr;

/** A function of x and of float attributes, given by their defaults. */
function withParameters(what: string, defaults: Readonly<Record<string, number>>, cost: number, body: (x: Expr, p: Parameter) => Expr): Op {
  const attrs = Object.fromEntries(
    Object.entries(defaults).map(([name, value]): [string, AttrSpec] => [name, { kind: "float", default: value }]),
  );
  return elementwise({ what, accepts: floatTypes, attrs, cost, body: ([x], a: Attrs) => body(x!, (name) => num(floatAttr(a, name), x!)) });
}

const positive = (x: Expr): Expr => binary("gt", x, num(0, x));
const expMinus1 = (x: Expr): Expr => unary("expm1", x);
const mul = (a: Expr, b: Expr): Expr => binary("mul", a, b);
const add = (a: Expr, b: Expr): Expr => binary("add", a, b);

export const leakyRelu = withParameters("x, or alpha * x below 0", { alpha: 0.01 }, 2, (x, p) =>
  select(binary("ge", x, num(0, x)), x, mul(p("alpha"), x)),
);
export const elu = withParameters("x, or alpha * (exp(x) - 1) below 0", { alpha: 1 }, 13, (x, p) =>
  select(positive(x), x, mul(p("alpha"), expMinus1(x))),
);
export const selu = withParameters("gamma * elu(x)", { alpha: 1.6732631921768188, gamma: 1.0507010221481323 }, 14, (x, p) =>
  mul(p("gamma"), select(positive(x), x, mul(p("alpha"), expMinus1(x)))),
);
export const celu = withParameters("max(0, x) + min(0, alpha * (exp(x / alpha) - 1))", { alpha: 1 }, 16, (x, p) =>
  add(binary("max", num(0, x), x), binary("min", num(0, x), mul(p("alpha"), expMinus1(binary("div", x, p("alpha")))))),
);
export const hardSigmoid = withParameters("max(0, min(1, alpha * x + beta))", { alpha: 0.2, beta: 0.5 }, 4, (x, p) =>
  binary("max", num(0, x), binary("min", num(1, x), add(mul(p("alpha"), x), p("beta")))),
);
export const swish = withParameters("x * sigmoid(alpha * x)", { alpha: 1 }, 14, (x, p) => mul(x, unary("sigmoid", mul(p("alpha"), x))));
export const thresholdedRelu = withParameters("x above alpha, else 0", { alpha: 1 }, 1, (x, p) =>
  select(binary("gt", x, p("alpha")), x, num(0, x)),
);
export const shrink = withParameters("x drawn towards 0 by bias outside of [-lambd, lambd], 0 inside", { bias: 0, lambd: 0.5 }, 4, (x, p) =>
  select(
    binary("lt", x, unary("neg", p("lambd"))),
    add(x, p("bias")),
    select(binary("gt", x, p("lambd")), binary("sub", x, p("bias")), num(0, x)),
  ),
);

const geluErf = (x: Expr): Expr => mul(mul(num(0.5, x), x), add(num(1, x), unary("erf", mul(x, num(Math.SQRT1_2, x)))));
const geluTanh = (x: Expr): Expr => {
  const inner = mul(num(Math.sqrt(2 / Math.PI), x), add(x, mul(num(0.044715, x), mul(x, mul(x, x)))));
  return mul(mul(num(0.5, x), x), add(num(1, x), unary("tanh", inner)));
};
export const gelu = elementwise({
  what: "x * Phi(x): exact with erf, or the tanh approximation",
  accepts: floatTypes,
  attrs: { approximate: { kind: "string", default: "none", what: "none or tanh" } },
  cost: 18,
  body: ([x], attrs) => (stringAttr(attrs, "approximate") === "tanh" ? geluTanh(x!) : geluErf(x!)),
});

/** A missing bound is an absent attribute; bounds given by tensors are `min` and `max` operators instead. */
export const clip = elementwise({
  what: "x limited to [min, max]",
  accepts: numberTypes,
  attrs: { min: { kind: "number", optional: true }, max: { kind: "number", optional: true } },
  cost: 2,
  body: ([x], attrs) => {
    const above = attrs["min"] === undefined ? x! : binary("max", x!, num(attrs["min"] as number | bigint, x!));
    return attrs["max"] === undefined ? above : binary("min", above, num(attrs["max"] as number | bigint, x!));
  },
});

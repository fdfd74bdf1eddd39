/** Elementwise operators of two or three operands, casts and identity. */
import type { DType } from "../../support/dtype.ts";
import { dtypeBits, isFloat } from "../../support/dtype.ts";
import { binary, cast as castExpr, select } from "../../tensor/build.ts";
import { castRules, type BinaryOp, type CastRule, type Expr } from "../../tensor/ir.ts";
import type { Attrs } from "../ir.ts";
import { computeType, elementwise, num, type ElementwiseRow } from "./elementwise.ts";
import { boolAttr, computedTypes, dtypeAttr, integerTypes, numberTypes, storedTypes, type Op } from "./op.ts";

const two = (row: Omit<ElementwiseRow, "arity">): Op => elementwise({ arity: [2, 2], ...row });
const direct = (what: string, op: BinaryOp, accepts: readonly DType[], commutative: boolean): Op =>
  two({ what, accepts, cost: 1, traits: commutative ? ["commutative"] : [], body: ([a, b]) => binary(op, a!, b!) });

export const add = direct("a + b", "add", numberTypes, true);
export const sub = direct("a - b", "sub", numberTypes, false);
export const mul = direct("a * b", "mul", numberTypes, true);
export const div = direct("a / b; integers truncate", "div", numberTypes, false);
export const min = direct("smaller of a and b; NaN if either is", "min", numberTypes, true);
export const max = direct("larger of a and b; NaN if either is", "max", numberTypes, true);
export const and = direct("logical and", "and", ["bool"], true);
export const or = direct("logical or", "or", ["bool"], true);
export const xor = direct("logical exclusive or", "xor", ["bool"], true);
export const bitAnd = direct("bitwise and", "and", integerTypes, true);
export const bitOr = direct("bitwise or", "or", integerTypes, true);
export const bitXor = direct("bitwise exclusive or", "xor", integerTypes, true);
export const shiftLeft = direct("a shifted left by b bits", "shl", integerTypes, false);
export const shiftRight = direct("a shifted right by b bits", "shr", integerTypes, false);

const compare = (what: string, op: BinaryOp, accepts: readonly DType[], commutative = false): Op =>
  two({
    what,
    accepts,
    cost: 1,
    traits: commutative ? ["commutative"] : [],
    result: (dtypes) => (dtypes[0] === dtypes[1] ? "bool" : `operands have different element types (${dtypes.join(", ")})`),
    body: ([a, b]) => binary(op, a!, b!),
  });
export const equal = compare("a = b", "eq", computedTypes, true);
export const less = compare("a < b", "lt", numberTypes);
export const lessEqual = compare("a <= b", "le", numberTypes);
export const greater = compare("a > b", "gt", numberTypes);
export const greaterEqual = compare("a >= b", "ge", numberTypes);

/** The result has the base's type. An integer base with a float exponent is computed in f64. */
export const pow = two({
  what: "a to the power b, in the type of a",
  accepts: numberTypes,
  cost: 20,
  result: ([base]) => base!,
  body: ([a, b], _attrs, out) => {
    const type = isFloat(a!.type.dtype) ? a!.type.dtype : isFloat(b!.type.dtype) ? "f64" : widerInteger(a!.type.dtype, b!.type.dtype);
    return castExpr(binary("pow", castExpr(a!, type), castExpr(b!, type)), computeType(out));
  },
});
const widerInteger = (a: DType, b: DType): DType => (a === b ? a : "i64");

const truncatedMod = (a: Expr, b: Expr): Expr => binary("sub", a, binary("mul", binary("div", a, b), b));
/** Tensor IR's `mod` is fmod on floats and has the divisor's sign on integers. */
const flooredFloatMod = (a: Expr, b: Expr): Expr => {
  const r = binary("mod", a, b);
  const wrong = binary("and", binary("ne", r, num(0, r)), binary("xor", binary("lt", r, num(0, r)), binary("lt", b, num(0, b))));
  return select(wrong, binary("add", r, b), r);
};
export const mod = two({
  what: "remainder of a / b, with the sign of b, or of a with fmod",
  accepts: numberTypes,
  attrs: { fmod: { kind: "bool", default: false } },
  cost: 4,
  body: ([a, b], attrs) => {
    const real = isFloat(a!.type.dtype);
    if (boolAttr(attrs, "fmod")) return real ? binary("mod", a!, b!) : truncatedMod(a!, b!);
    return real ? flooredFloatMod(a!, b!) : binary("mod", a!, b!);
  },
});

export const prelu = two({
  what: "x, or slope * x below 0",
  accepts: numberTypes,
  cost: 2,
  body: ([x, slope]) => select(binary("lt", x!, num(0, x!)), binary("mul", slope!, x!), x!),
});

export const where = elementwise({
  what: "a where the condition holds, else b",
  arity: [3, 3],
  accepts: storedTypes,
  cost: 1,
  asIs: true,
  result: ([c, a, b]) => (c !== "bool" ? "the condition is not bool" : a === b ? a! : `operands have different element types (${a}, ${b})`),
  body: ([c, a, b]) => select(c!, a!, b!),
});

/** The rule of a cast as its attribute names it. */
const castRule = (attrs: Attrs): CastRule | undefined => castRules.find((r) => r === attrs["rule"]);

/** Floats to integers truncate and saturate; anything but 0 is true. */
export const cast = elementwise({
  what: "x as another element type",
  accepts: storedTypes,
  attrs: {
    to: { kind: "dtype" },
    rule: {
      kind: "string",
      optional: true,
      what: "overflow: floats of 8 bits do not saturate; down, nearest: rounding to f8e8m0 (default: up); both joined by _",
    },
  },
  cost: 1,
  asIs: true,
  result: (_dtypes, attrs) =>
    storedTypes.includes(dtypeAttr(attrs, "to")) ? dtypeAttr(attrs, "to") : `casts to ${dtypeAttr(attrs, "to")} are not supported`,
  body: ([x], attrs, out) => castExpr(x!, out, castRule(attrs)),
});

export const bitCast = elementwise({
  what: "the bits of x as another element type of the same size",
  accepts: storedTypes,
  attrs: { to: { kind: "dtype" } },
  cost: 0,
  asIs: true,
  result: ([from], attrs) => {
    const to = dtypeAttr(attrs, "to");
    if (!storedTypes.includes(to)) return `bits as ${to} are not supported`;
    return dtypeBits[from!] === dtypeBits[to] ? to : `${from} and ${to} differ in size`;
  },
  body: ([x], _attrs, out) => castExpr(x!, out, "bits"),
});

/** Kept only where a graph input or constant is a graph output under a name of its own. */
export const identity = elementwise({ what: "x", accepts: storedTypes, cost: 0, asIs: true, body: ([x]) => x! });

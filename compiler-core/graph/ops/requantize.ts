/**
 * The way from sums to bytes as one operator: what a product of quantised operands ends with. Made by `low-precision`, so that the bounds of an
 * activation and of the type are one pair of limits, and all factors are one factor.
 */
import { integerRange } from "../../tensor/rounding.ts";
import { binary, cast, constant, fma, unary } from "../../tensor/build.ts";
import type { Expr } from "../../tensor/ir.ts";
import type { DType } from "../../support/dtype.ts";
import type { Attrs } from "../ir.ts";
import { elementwise } from "./elementwise.ts";
import { dtypeAttr, intAttr, type Op } from "./op.ts";

/** What is requantised to: sums up to the limits of these plus their zero point fit f32 and i32. */
export const requantizedTypes: readonly DType[] = ["u8", "i8", "u16", "i16"];

/** The limits of the scaled value before it is rounded: those of the activation within those of the type, less the zero point. */
function limits(attrs: Attrs): readonly [number, number] {
  const { lowest, highest } = integerRange(dtypeAttr(attrs, "to"));
  const zero = intAttr(attrs, "zero");
  const [least, most] = [Number(lowest) - zero, Number(highest) - zero];
  const within = (v: unknown, otherwise: number): number => (typeof v === "number" ? Math.min(Math.max(v, least), most) : otherwise);
  return [within(attrs["low"], least), within(attrs["high"], most)];
}

function body([sums, scale, bias]: readonly Expr[], attrs: Attrs): Expr {
  const { lanes } = sums!.type;
  const real = cast(sums!, "f32");
  const scaled = bias === undefined ? binary("mul", real, scale!) : fma(real, scale!, bias);
  const [low, high] = limits(attrs).map((v) => constant(v, "f32", lanes)) as [Expr, Expr];
  const rounded = cast(unary("rint", binary("min", high, binary("max", low, scaled))), "i32");
  const zero = intAttr(attrs, "zero");
  return cast(zero === 0 ? rounded : binary("add", rounded, constant(zero, "i32", lanes)), dtypeAttr(attrs, "to"));
}

export const requantize: Op = elementwise({
  what: "saturate(round half to even (limit(sums * scale + bias)) + zero point), in f32",
  arity: [2, 3],
  accepts: ["i32", "f32"],
  attrs: {
    to: { kind: "dtype" },
    zero: { kind: "int", default: 0, what: "zero point of the result" },
    low: { kind: "number", optional: true, what: "least value before rounding: an activation's lower limit" },
    high: { kind: "number", optional: true, what: "greatest value before rounding" },
  },
  cost: 7,
  asIs: true,
  result: ([sums, ...others], attrs) => {
    const to = dtypeAttr(attrs, "to");
    if (!requantizedTypes.includes(to)) return `requantisation to ${to} is not supported`;
    return sums !== undefined && others.every((d) => d === "f32") ? to : "scale and bias must be f32";
  },
  body: (args, attrs) => body(args, attrs),
});

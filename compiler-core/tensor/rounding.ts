/** Rounding of exact values to the element types, half to even, in plain arithmetic (JavaScript has no 16-bit floats everywhere). */
import type { DType } from "../support/dtype.ts";
import { dtypeBits, isSmallFloat } from "../support/dtype.ts";
import { decodeFloat, encodeFloat } from "../support/small-floats.ts";
import type { CastRule } from "./ir.ts";
import { bug } from "../messages.ts";

/** 16-bit formats, which are rounded often: bits of the fraction and the smallest exponent of a normal number. IEEE infinities and NaN. */
const narrowFloats: Readonly<Partial<Record<DType, { readonly fraction: number; readonly minExponent: number; readonly max: number }>>> = {
  f16: { fraction: 10, minExponent: -14, max: 65504 },
  bf16: { fraction: 7, minExponent: -126, max: 3.3895313892515355e38 },
};

/** Half to even, as IEEE roundToIntegralTiesToEven; keeps -0, NaN and infinities. (Math.round is half up.) */
export function roundEven(x: number): number {
  if (!(Math.abs(x) < 4503599627370496)) return x;
  const down = Math.floor(x);
  const fraction = x - down;
  const r = fraction < 0.5 ? down : fraction > 0.5 ? down + 1 : down % 2 === 0 ? down : down + 1;
  return r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r;
}

/** The exponent e of a finite x != 0 with 2^e <= |x| < 2^(e+1). */
function exponentOf(x: number): number {
  const magnitude = Math.abs(x);
  let e = Math.floor(Math.log2(magnitude));
  if (2 ** e > magnitude) e--;
  else if (2 ** (e + 1) <= magnitude) e++;
  return e;
}

/**
 * `x` rounded to a float type, half to even. Beyond the largest number: infinity; in 8 bits and less that number, or with the rule `overflow`
 * infinity or NaN (what the format has).
 */
export function roundFloat(dtype: DType, x: number, rule?: CastRule): number {
  if (dtype === "f64") return x;
  if (dtype === "f32") return Math.fround(x);
  const format = narrowFloats[dtype];
  if (format === undefined) return roundSmall(dtype, x, rule);
  if (x === 0 || !Number.isFinite(x)) return x;
  const quantum = 2 ** (Math.max(exponentOf(x), format.minExponent) - format.fraction);
  const rounded = roundEven(x / quantum) * quantum;
  return Math.abs(rounded) > format.max ? Math.sign(x) * Infinity : rounded;
}

function roundSmall(dtype: DType, x: number, rule: CastRule | undefined): number {
  if (!isSmallFloat(dtype)) return bug(`rounding to ${dtype}`);
  const saturate = rule === undefined || !rule.startsWith("overflow");
  const round = rule?.endsWith("down") === true ? "down" : rule?.endsWith("nearest") === true ? "nearest" : "up";
  return decodeFloat(dtype, encodeFloat(dtype, x, saturate, round));
}

/** Is it a signed integer type? */
export const isSigned = (dtype: DType): boolean => dtype.startsWith("i");

/** Smallest and largest value of an integer type. */
export function integerRange(dtype: DType): { readonly lowest: bigint; readonly highest: bigint } {
  const bits = BigInt(dtypeBits[dtype]);
  return isSigned(dtype) ? { lowest: -(1n << (bits - 1n)), highest: (1n << (bits - 1n)) - 1n } : { lowest: 0n, highest: (1n << bits) - 1n };
}

/** 64-bit integers are numbers while that is exact and bigints beyond: one form per value, so that `===` compares. */
export function normalInteger(v: bigint): number | bigint {
  return v >= BigInt(Number.MIN_SAFE_INTEGER) && v <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(v) : v;
}

/** Two's-complement wrap to an integer type. */
export function wrapInteger(dtype: DType, v: number | bigint): number | bigint {
  const bits = dtypeBits[dtype];
  const exact = typeof v === "bigint" ? v : BigInt(v);
  return normalInteger(isSigned(dtype) ? BigInt.asIntN(bits, exact) : BigInt.asUintN(bits, exact));
}

/**
 * A 64-bit integer as a double: the nearest one, or, when it will be rounded again to a narrower type, one whose lowest bits say "inexact" (the
 * eleven bits that may not fit are folded into one that does), so that the second rounding is right.
 */
export function integerToFloat(given: number | bigint, roundedAgain: boolean): number {
  // Literals may hold small integers as bigints: those are exact as they are.
  const v = typeof given === "bigint" ? normalInteger(given) : given;
  if (typeof v === "number") return v;
  if (!roundedAgain) return Number(v);
  const magnitude = v < 0n ? -v : v;
  const top = magnitude >> 11n;
  const folded = (top << 11n === magnitude ? top : top | 1n) << 11n;
  return v < 0n ? -Number(folded) : Number(folded);
}

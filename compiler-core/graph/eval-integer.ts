/**
 * Integers of 32 bits and less as closures on plain numbers: what the semantics table says, without asking it for each element. Constants of
 * quantised models are millions of them.
 */
import { isFloat, isInteger, dtypeBits, type DType } from "../support/dtype.ts";
import type { BinaryOp, CastRule } from "../tensor/ir.ts";
import { isSigned } from "../tensor/rounding.ts";
import { binaryMeaning } from "../tensor/semantics.ts";
import type { Mode } from "./ndarray.ts";

type Numbers<R> = (a: number, b: number) => R;

/** Are all of its values numbers that 32-bit operators keep? */
export const isNarrowInteger = (dtype: DType): boolean => isInteger(dtype) && dtypeBits[dtype] <= 32;

/** The low bits of a number whose magnitude is below 2^53. */
function wrapTo(dtype: DType): (v: number) => number {
  const unused = 32 - dtypeBits[dtype];
  if (unused === 0) return isSigned(dtype) ? (v) => v | 0 : (v) => v >>> 0;
  return isSigned(dtype) ? (v) => (v << unused) >> unused : (v) => (v << unused) >>> unused;
}

/** Those whose table row is exact on two numbers of 32 bits; a product keeps its low bits. */
const exact: Readonly<Partial<Record<BinaryOp, Numbers<number>>>> = {
  add: binaryMeaning.add.int,
  sub: binaryMeaning.sub.int,
  mul: Math.imul,
  div: binaryMeaning.div.int,
  mod: binaryMeaning.mod.int,
  min: binaryMeaning.min.int,
  max: binaryMeaning.max.int,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
};

/** A binary operator on two numbers of an integer type; undefined where the table has to be asked. Comparisons have no wrapping and no row here. */
export function integerBinary(op: BinaryOp, dtype: DType): Numbers<number> | undefined {
  const f = exact[op];
  if (f === undefined || !isNarrowInteger(dtype)) return undefined;
  const wrap = wrapTo(dtype);
  return (a, b) => wrap(f(a, b));
}

/** A cast between numbers (integers of 32 bits and less to such, or to f32 and f64); undefined where the table has to be asked. */
export function integerCast(from: DType, to: DType, mode: Mode, rule: CastRule | undefined): ((v: number) => number) | undefined {
  if (rule !== undefined || !isNarrowInteger(from)) return undefined;
  if (isNarrowInteger(to)) return wrapTo(to);
  if (!isFloat(to) || (to !== "f32" && to !== "f64")) return undefined;
  return to === "f32" && mode === "native" ? Math.fround : (v) => v;
}

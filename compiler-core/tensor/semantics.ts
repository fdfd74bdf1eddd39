/**
 * What every scalar operation means: one row per operator with its value, shared by the evaluators, constant folding and, through
 * `codegen/spelling.ts` (typed by the same unions), the generated code.
 *
 * Conventions: float results are rounded once to the element type (mode `native`) or kept in double (mode `f64`); 16-bit floats round half to
 * even; 8 bits and less saturate and are rounded to in both modes. Integers wrap. Integer division truncates, `mod` has the sign of the divisor, and division by zero gives 0; the lowest value / -1 wraps.
 * `mod` of floats is C's fmod. `min` and `max` give NaN if an operand is NaN. Casts from float to integer truncate to i32 (i64 for 64
 * bits) and keep the low bits; NaN and what i32 (i64) does not hold become its lowest value, as the processor's instruction has it, and with
 * it ONNX Runtime; u32 and u64 also hold the numbers above, 0 stands for those beyond. Shifts by the width or more give 0 (or the sign). 64-bit integers are numbers while that is exact, else bigints.
 */
import { bug } from "../messages.ts";
import type { DType } from "../support/dtype.ts";
import { dtypeBits, dtypes, isFloat, isInteger, isPacked, isQuantisedFloat } from "../support/dtype.ts";
import type { BinaryOp, CastRule, ReduceOp, UnaryOp } from "./ir.ts";
import { integerRange, integerToFloat, normalInteger, roundEven, roundFloat, wrapInteger } from "./rounding.ts";
import { getElement, putElement } from "../support/elements.ts";
import { erf, power, sigmoid, softplus } from "./special-functions.ts";

export type Scalar = number | bigint | boolean;
/** `native`: floats rounded to their type after every operation. `f64`: floats kept in double, as a yardstick for errors. */
export type EvalMode = "native" | "f64";

type Int = number | bigint;

interface UnaryRow {
  /** On floats, in double. Absent: not defined for floats. */
  readonly float?: (x: number) => number | boolean;
  /** On integers, before wrapping. Absent: not defined. */
  readonly int?: (x: Int) => Int | boolean;
  readonly bool?: (x: boolean) => boolean;
}

const same = <T>(x: T): T => x;

export const unaryMeaning = {
  neg: { float: (x) => -x, int: (x) => -BigInt(x) },
  abs: { float: Math.abs, int: (x) => (x < 0 ? -BigInt(x) : x) },
  sqrt: { float: Math.sqrt },
  rsqrt: { float: (x) => 1 / Math.sqrt(x) },
  exp: { float: Math.exp },
  log: { float: Math.log },
  tanh: { float: Math.tanh },
  erf: { float: erf },
  sigmoid: { float: sigmoid },
  floor: { float: Math.floor, int: same },
  ceil: { float: Math.ceil, int: same },
  rint: { float: roundEven, int: same },
  trunc: { float: Math.trunc, int: same },
  not: { int: (x) => ~BigInt(x), bool: (x) => !x },
  isnan: { float: Number.isNaN, int: () => false },
  sin: { float: Math.sin },
  cos: { float: Math.cos },
  reciprocal: { float: (x) => 1 / x },
  softplus: { float: softplus },
  expm1: { float: Math.expm1 },
  tan: { float: Math.tan },
  asin: { float: Math.asin },
  acos: { float: Math.acos },
  atan: { float: Math.atan },
  sinh: { float: Math.sinh },
  cosh: { float: Math.cosh },
  asinh: { float: Math.asinh },
  acosh: { float: Math.acosh },
  atanh: { float: Math.atanh },
} as const satisfies Record<UnaryOp, UnaryRow>;

interface BinaryRow {
  readonly float?: (a: number, b: number) => number | boolean;
  /** Plain numbers first (exact while the result is a safe integer), bigints when not. */
  readonly int?: (a: number, b: number) => number | boolean;
  readonly big?: (a: bigint, b: bigint, dtype: DType) => bigint | boolean;
  readonly bool?: (a: boolean, b: boolean) => boolean;
}

/** Below this the double quotient of two integers cannot round across an integer; above it (NaN) the bigint row decides. */
const exactQuotient = (a: number): number => (Math.abs(a) < 2 ** 51 ? a : NaN);
/** Floor-mod of integers: the sign of the divisor; 0 for a zero divisor. */
const floorMod = (a: number, b: number): number => (b === 0 ? 0 : a - Math.floor(exactQuotient(a) / b) * b);
const floorModBig = (a: bigint, b: bigint): bigint => (b === 0n ? 0n : ((a % b) + b) % b);

function integerPower(base: bigint, exponent: bigint, dtype: DType): bigint {
  if (exponent < 0n) return base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  const modulus = 1n << BigInt(dtypeBits[dtype]);
  let result = 1n;
  for (let e = exponent, square = base % modulus; e > 0n; e >>= 1n, square = (square * square) % modulus) {
    if (e & 1n) result = (result * square) % modulus;
  }
  return result;
}

const shiftLeft = (a: bigint, b: bigint, dtype: DType): bigint => (b < 0n || b >= BigInt(dtypeBits[dtype]) ? 0n : a << b);
/** Arithmetic for signed types. */
const shiftRight = (a: bigint, b: bigint, dtype: DType): bigint =>
  a >> (b < 0n || b >= BigInt(dtypeBits[dtype]) ? BigInt(dtypeBits[dtype]) : b);

/** One function for numbers serves floats and safe integers alike, except where rounding differs. */
const compare = (op: (a: Int, b: Int) => boolean): BinaryRow => ({ float: op, int: op, big: op, bool: (a, b) => op(Number(a), Number(b)) });

export const binaryMeaning = {
  add: { float: (a, b) => a + b, int: (a, b) => a + b, big: (a, b) => a + b },
  sub: { float: (a, b) => a - b, int: (a, b) => a - b, big: (a, b) => a - b },
  mul: { float: (a, b) => a * b, int: (a, b) => a * b, big: (a, b) => a * b },
  div: { float: (a, b) => a / b, int: (a, b) => (b === 0 ? 0 : Math.trunc(exactQuotient(a) / b)), big: (a, b) => (b === 0n ? 0n : a / b) },
  mod: { float: (a, b) => a % b, int: floorMod, big: floorModBig },
  min: { float: Math.min, int: Math.min, big: (a, b) => (a < b ? a : b), bool: (a, b) => a && b },
  max: { float: Math.max, int: Math.max, big: (a, b) => (a > b ? a : b), bool: (a, b) => a || b },
  pow: { float: power, big: integerPower },
  and: { big: (a, b) => a & b, bool: (a, b) => a && b },
  or: { big: (a, b) => a | b, bool: (a, b) => a || b },
  xor: { big: (a, b) => a ^ b, bool: (a, b) => a !== b },
  shl: { big: shiftLeft },
  shr: { big: shiftRight },
  eq: compare((a, b) => a === b),
  ne: compare((a, b) => a !== b),
  lt: compare((a, b) => a < b),
  le: compare((a, b) => a <= b),
  gt: compare((a, b) => a > b),
  ge: compare((a, b) => a >= b),
} as const satisfies Record<BinaryOp, BinaryRow>;

const float = (dtype: DType, x: number, mode: EvalMode, rule?: CastRule): number =>
  mode === "f64" && !isQuantisedFloat(dtype) ? x : roundFloat(dtype, x, rule);
const integer = (dtype: DType, v: Int): Int => (typeof v === "number" && fits(dtype, v) ? v + 0 : wrapInteger(dtype, v));

/** Lowest and highest number of each integer type that a number holds exactly. */
const bounds: Readonly<Partial<Record<DType, readonly [number, number]>>> = Object.fromEntries(
  dtypes.filter(isInteger).map((dtype) => {
    const { lowest, highest } = integerRange(dtype);
    const safe = (v: bigint): number => Math.min(Math.max(Number(v), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
    return [dtype, [safe(lowest), safe(highest)]];
  }),
);

function fits(dtype: DType, v: number): boolean {
  const [lowest, highest] = bounds[dtype] ?? bug(`${dtype} is no integer type`);
  return v >= lowest && v <= highest && (dtypeBits[dtype] < 64 || Number.isInteger(v));
}

/** Value of a unary operator on an operand of type `dtype`; `isnan` gives a boolean. An operator the type lacks is a bug of ours. */
export function evalUnary(op: UnaryOp, dtype: DType, x: Scalar, mode: EvalMode): Scalar {
  const row: UnaryRow = unaryMeaning[op];
  if (typeof x === "boolean") return (row.bool ?? bug(`${op} of bool`))(x);
  if (isFloat(dtype)) {
    const r = (row.float ?? bug(`${op} of ${dtype}`))(Number(x));
    return typeof r === "boolean" ? r : float(dtype, r, mode);
  }
  const r = (row.int ?? bug(`${op} of ${dtype}`))(x);
  return typeof r === "boolean" ? r : integer(dtype, r);
}

/** Value of a binary operator on operands of type `dtype`; comparisons give a boolean. */
export function evalBinary(op: BinaryOp, dtype: DType, a: Scalar, b: Scalar, mode: EvalMode): Scalar {
  const row: BinaryRow = binaryMeaning[op];
  if (typeof a === "boolean" || typeof b === "boolean") return (row.bool ?? bug(`${op} of bool`))(Boolean(a), Boolean(b));
  if (isFloat(dtype)) {
    const r = (row.float ?? bug(`${op} of ${dtype}`))(Number(a), Number(b));
    return typeof r === "boolean" ? r : float(dtype, r, mode);
  }
  if (row.int !== undefined && typeof a === "number" && typeof b === "number") {
    const r = row.int(a, b);
    if (typeof r === "boolean") return r;
    if (Number.isSafeInteger(r)) return integer(dtype, r);
  }
  const r = (row.big ?? bug(`${op} of ${dtype}`))(BigInt(a), BigInt(b), dtype);
  return typeof r === "boolean" ? r : integer(dtype, r);
}

/** a * b + c with one rounding (to the type) in `native` mode. The double product of two f32 is exact; the sum is rounded to odd first. */
export function evalFma(dtype: DType, a: Scalar, b: Scalar, c: Scalar, mode: EvalMode): Scalar {
  if (!isFloat(dtype)) return evalBinary("add", dtype, evalBinary("mul", dtype, a, b, mode), c, mode);
  const product = Number(a) * Number(b);
  const sum = product + Number(c);
  if (mode === "f64" || dtype === "f64" || !Number.isFinite(sum)) return float(dtype, sum, mode);
  return float(dtype, roundToOdd(product, Number(c), sum), mode);
}

const bitsView = new DataView(new ArrayBuffer(8));

/** Makes the last bit of an inexact double sum odd, so that a second rounding to a narrower type is right (Boldo and Melquiond). */
function roundToOdd(a: number, b: number, sum: number): number {
  const bb = sum - a;
  const error = a - (sum - bb) + (b - bb);
  if (error === 0 || sum === 0) return sum;
  bitsView.setFloat64(0, sum);
  const bits = bitsView.getBigInt64(0);
  if (bits & 1n) return sum;
  bitsView.setBigInt64(0, bits + (error > 0 === sum > 0 ? 1n : -1n));
  return bitsView.getFloat64(0);
}

/** `x` of type `from` as a value of type `to`. */
export function evalCast(from: DType, to: DType, x: Scalar, mode: EvalMode, rule?: CastRule): Scalar {
  if (rule === "bits") return bitsAs(from, to, x);
  if (to === "bool") return typeof x === "boolean" ? x : isFloat(from) ? Number(x) !== 0 : x !== 0 && x !== 0n;
  const v: Int = typeof x === "boolean" ? Number(x) : x;
  if (isFloat(to)) return float(to, integerToFloat(v, to !== "f64" && mode === "native"), mode, rule);
  if (!isInteger(to)) return bug(`cast of ${from} to ${to}`);
  return integer(to, isFloat(from) ? truncated(to, Number(v)) : v);
}

/** The same bits read as another type. Floats kept in double are rounded to their type first. */
function bitsAs(from: DType, to: DType, x: Scalar): Scalar {
  const view = new DataView(new ArrayBuffer(8));
  const value = isFloat(from) ? roundFloat(from, Number(x)) : typeof x === "boolean" ? Number(x) : x;
  putElement(view, 0, from, value);
  const out = getElement(view, 0, to);
  return to === "bool" ? out !== 0 : typeof out === "bigint" ? normalInteger(out) : out;
}

/** A float as the integer whose low bits are the result of a cast. */
function truncated(to: DType, x: number): Int {
  const bits = dtypeBits[to] === 64 ? 64 : 32;
  const t = Math.trunc(x);
  if ((to === "u64" || to === "u32") && x >= 2 ** (bits - 1)) return x < 2 ** bits ? BigInt(t) : 0;
  if (!(t >= -(2 ** (bits - 1)) && t < 2 ** (bits - 1))) return bits === 64 ? -(1n << 63n) : -(2 ** 31);
  return Number.isSafeInteger(t) ? t : BigInt(t);
}

/** The value that changes nothing in a reduction: 0, 1, the highest for `min`, the lowest for `max`. */
export function reduceIdentity(op: ReduceOp, dtype: DType): Scalar {
  if (op === "add") return 0;
  if (op === "mul") return 1;
  if (dtype === "bool") return op === "min";
  if (isFloat(dtype)) return op === "min" ? Infinity : -Infinity;
  const { lowest, highest } = integerRange(dtype);
  return normalInteger(op === "min" ? highest : lowest);
}

/** Types that are only stored, copied, selected and cast. */
const isStorageOnly = (dtype: DType): boolean => isQuantisedFloat(dtype) || isPacked(dtype);

/** True when the operator is defined for the type: what the verifier asks. */
export function unaryTakes(op: UnaryOp, dtype: DType): boolean {
  if (isStorageOnly(dtype)) return false;
  const row: UnaryRow = unaryMeaning[op];
  return dtype === "bool" ? row.bool !== undefined : isFloat(dtype) ? row.float !== undefined : row.int !== undefined;
}
export function binaryTakes(op: BinaryOp, dtype: DType): boolean {
  if (isStorageOnly(dtype)) return false;
  const row: BinaryRow = binaryMeaning[op];
  return dtype === "bool" ? row.bool !== undefined : isFloat(dtype) ? row.float !== undefined : row.big !== undefined;
}

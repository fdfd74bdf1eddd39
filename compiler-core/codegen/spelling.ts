/**
 * How every scalar operation is spelled in C++: the code generator's column beside the semantics table. `one` is a single value, `f32x`,
 * `i32x` and `mask` a vector; an absent spelling means that the operation has no vector form and its loop stays scalar.
 */
import type { DType } from "../support/dtype.ts";
import { dtypeBits, isFloat, isInteger, isPacked, isSmallFloat } from "../support/dtype.ts";
import type { BinaryOp, CastRule, ReduceOp, UnaryOp } from "../tensor/ir.ts";
import { bitsAs } from "./elements.ts";
import { valueType } from "./literals.ts";

/** The register class of a vector of a type: small integers are widened to i32, 16-bit floats to f32. */
export type VectorClass = "f32x" | "i32x" | "mask";
export function vectorClass(dtype: DType): VectorClass | undefined {
  if (dtype === "bool") return "mask";
  if (dtype === "f32" || dtype === "bf16" || dtype === "f16") return "f32x";
  return isInteger(dtype) && (dtypeBits[dtype] <= 16 || dtype === "i32") ? "i32x" : undefined;
}

/** A function of native/simd/values.hpp for one value; the explicit type keeps literals from deciding it. */
const one = (name: string, d: DType): string => `fs::one::${name}<${valueType[d] ?? d}>`;

interface UnarySpelling {
  readonly one: (x: string, dtype: DType) => string;
  readonly f32x?: (x: string) => string;
  readonly i32x?: (x: string) => string;
  readonly mask?: (x: string) => string;
}

/** A polynomial of native/math for f32 (lane 0), libm for f64. */
const math = (name: string, libm = `std::${name}`): UnarySpelling => ({
  one: (x, d) => (d === "f64" ? `${libm}(${x})` : `fs::first(fs::${name}(fs::broadcast(${x})))`),
  f32x: (x) => `fs::${name}(${x})`,
});
const libm = (name: string, vector: string): UnarySpelling => ({
  one: (x, d) => (isFloat(d) ? `std::${name}(${x})` : x),
  f32x: (x) => `fs::${vector}(${x})`,
  i32x: (x) => x,
});

const unarySpelling = {
  neg: { one: (x, d) => `${one("neg", d)}(${x})`, f32x: (x) => `fs::neg(${x})`, i32x: (x) => `fs::sub(fs::broadcast(0), ${x})` },
  abs: { one: (x, d) => `${one("abs", d)}(${x})`, f32x: (x) => `fs::abs(${x})`, i32x: (x) => `fs::abs(${x})` },
  sqrt: { one: (x) => `std::sqrt(${x})`, f32x: (x) => `fs::sqrt(${x})` },
  rsqrt: {
    one: (x, d) => `(${d === "f64" ? "1.0" : "1.0f"} / std::sqrt(${x}))`,
    f32x: (x) => `fs::div(fs::broadcast(1.0f), fs::sqrt(${x}))`,
  },
  exp: math("exp"),
  log: math("log"),
  tanh: math("tanh"),
  erf: math("erf"),
  sigmoid: math("sigmoid", "fs::one::sigmoid64"),
  softplus: math("softplus", "fs::one::softplus64"),
  floor: libm("floor", "floor"),
  ceil: libm("ceil", "ceil"),
  rint: libm("rint", "round_even"),
  trunc: libm("trunc", "trunc"),
  not: {
    one: (x, d) => (d === "bool" ? `!${x}` : `static_cast<${valueType[d] ?? d}>(~${x})`),
    i32x: (x) => `fs::bit_xor(${x}, fs::broadcast(-1))`,
    mask: (x) => `fs::mask_not(${x})`,
  },
  isnan: { one: (x, d) => (isFloat(d) ? `std::isnan(${x})` : "false"), f32x: (x) => `fs::is_nan(${x})` },
  sin: math("sin"),
  cos: math("cos"),
  expm1: math("expm1"),
  tan: math("tan"),
  asin: math("asin"),
  acos: math("acos"),
  atan: math("atan"),
  sinh: math("sinh"),
  cosh: math("cosh"),
  asinh: math("asinh"),
  acosh: math("acosh"),
  atanh: math("atanh"),
  reciprocal: { one: (x, d) => `(${d === "f64" ? "1.0" : "1.0f"} / ${x})`, f32x: (x) => `fs::div(fs::broadcast(1.0f), ${x})` },
} as const satisfies Record<UnaryOp, UnarySpelling>;

interface BinarySpelling {
  /** `isIndex`: of loop counters and constants, which cannot overflow. */
  readonly one: (a: string, b: string, dtype: DType, isIndex: boolean) => string;
  readonly f32x?: (a: string, b: string) => string;
  readonly i32x?: (a: string, b: string) => string;
  readonly mask?: (a: string, b: string) => string;
}

/** Infix where C++ means the same: floats, and index arithmetic; integers that are data may overflow, and wrap. */
const arithmetic = (name: string, sign: string): BinarySpelling => ({
  one: (a, b, d, isIndex) => (isFloat(d) || isIndex ? `(${a} ${sign} ${b})` : `${one(name, d)}(${a}, ${b})`),
  f32x: (a, b) => `fs::${name}(${a}, ${b})`,
  i32x: (a, b) => `fs::${name}(${a}, ${b})`,
});
const compare = (name: string, sign: string): BinarySpelling => ({
  one: (a, b) => `(${a} ${sign} ${b})`,
  f32x: (a, b) => `fs::${name}(${a}, ${b})`,
  i32x: (a, b) => `fs::${name}(${a}, ${b})`,
});
const bits = (name: string, sign: string): BinarySpelling => ({
  one: (a, b, d) =>
    d === "bool" ? `(${a} ${sign === "^" ? "!=" : sign + sign} ${b})` : `static_cast<${valueType[d] ?? d}>(${a} ${sign} ${b})`,
  i32x: (a, b) => `fs::bit_${name}(${a}, ${b})`,
  mask: (a, b) => `fs::mask_${name}(${a}, ${b})`,
});
const scalarOnly = (name: string): BinarySpelling => ({ one: (a, b, d) => `${one(name, d)}(${a}, ${b})` });
const lanes2 = (a: string, b: string, f: string): string =>
  `fs::map_lanes(${a}, ${b}, fs::all_lanes{}, [](float x, float y) { return ${f}; })`;
const extreme = (name: "min" | "max"): BinarySpelling => ({
  one: (a, b, d) => `${one(name, d)}(${a}, ${b})`,
  f32x: (a, b) => `fs::${name}(${a}, ${b})`,
  i32x: (a, b) => `fs::${name}(${a}, ${b})`,
  mask: (a, b) => `fs::mask_${name === "min" ? "and" : "or"}(${a}, ${b})`,
});
/** An integer divisor known to be positive needs no guard. */
const positive = (b: string): boolean => /^[1-9]\d*$/.test(b);

const binarySpelling = {
  add: arithmetic("add", "+"),
  sub: arithmetic("sub", "-"),
  mul: arithmetic("mul", "*"),
  div: {
    one: (a, b, d) => (isFloat(d) || (d === "i64" && positive(b)) ? `(${a} / ${b})` : `${one("div", d)}(${a}, ${b})`),
    f32x: (a, b) => `fs::div(${a}, ${b})`,
  },
  mod: { one: (a, b, d) => `${one("mod", d)}(${a}, ${b})`, f32x: (a, b) => lanes2(a, b, "std::fmod(x, y)") },
  min: extreme("min"),
  max: extreme("max"),
  pow: { one: (a, b, d) => `${one("pow", d)}(${a}, ${b})`, f32x: (a, b) => `fs::pow(${a}, ${b}, fs::all_lanes{})` },
  and: bits("and", "&"),
  or: bits("or", "|"),
  xor: bits("xor", "^"),
  shl: scalarOnly("shl"),
  shr: scalarOnly("shr"),
  eq: { ...compare("eq", "=="), mask: (a, b) => `fs::mask_not(fs::mask_xor(${a}, ${b}))` },
  ne: { ...compare("ne", "!="), mask: (a, b) => `fs::mask_xor(${a}, ${b})` },
  lt: compare("lt", "<"),
  le: compare("le", "<="),
  gt: compare("gt", ">"),
  ge: compare("ge", ">="),
} as const satisfies Record<BinaryOp, BinarySpelling>;

export const unaryRow = (op: UnaryOp): UnarySpelling => unarySpelling[op];
export const binaryRow = (op: BinaryOp): BinarySpelling => binarySpelling[op];

/** All lanes of a vector combined; `mul` has no vector form. */
export const reduceSpelling: Readonly<Record<ReduceOp, string | undefined>> = {
  add: "fs::hadd",
  min: "fs::hmin",
  max: "fs::hmax",
  mul: undefined,
};

/** Loads and stores of a vector, by element type in memory. */
export const memorySpelling: Readonly<Partial<Record<DType, { readonly load: string; readonly store: string }>>> = {
  f32: { load: "fs::load", store: "fs::store" },
  i32: { load: "fs::load", store: "fs::store" },
  u8: { load: "fs::load_u8", store: "fs::store_u8" },
  i8: { load: "fs::load_s8", store: "fs::store_s8" },
  u16: { load: "fs::load_u16", store: "fs::store_u16" },
  i16: { load: "fs::load_s16", store: "fs::store_s16" },
  bf16: { load: "fs::load_bf16", store: "fs::store_bf16" },
  f16: { load: "fs::load_f16", store: "fs::store_f16" },
  bool: { load: "fs::load_bool", store: "fs::store_bool" },
};

const narrowBounds: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  i16: [-32768, 32767],
  u4: [0, 15],
  i4: [-8, 7],
  u2: [0, 3],
  i2: [-2, 1],
};
const narrowBits: Readonly<Partial<Record<DType, string>>> = {
  u8: "wrap_unsigned<8>",
  i8: "wrap_signed<8>",
  u16: "wrap_unsigned<16>",
  i16: "wrap_signed<16>",
  u4: "wrap_unsigned<4>",
  i4: "wrap_signed<4>",
  u2: "wrap_unsigned<2>",
  i2: "wrap_signed<2>",
};

/** A vector cast; undefined when there is none. An i32 rounded to f32 first would be rounded twice on its way to bf16. */
export function vectorCast(from: DType, to: DType, x: string, rule?: CastRule): string | undefined {
  if (rule === "bits") return vectorBits(from, to, x);
  if (rule !== undefined || (from === "i32" && to === "bf16")) return undefined;
  const source = vectorClass(from);
  const target = vectorClass(to);
  if (source === undefined || target === undefined) return undefined;
  if (target === "mask") return source === "mask" ? x : `fs::ne(${x}, fs::broadcast(${source === "f32x" ? "0.0f" : "0"}))`;
  if (target === "f32x") {
    const f32 = source === "f32x" ? x : `fs::to_f32(${x})`;
    return to === "bf16" ? `fs::round_to_bf16(${f32})` : to === "f16" ? `fs::round_to_f16(${f32})` : f32;
  }
  const bounds = narrowBounds[to];
  if (source === "f32x") return bounds === undefined ? `fs::to_i32_trunc(${x})` : `fs::${narrowBits[to] ?? ""}(fs::to_i32_trunc(${x}))`;
  if (source === "mask") return `fs::to_i32(${x})`;
  const fits = bounds === undefined || inside(narrowBounds[from], bounds);
  return fits ? x : `fs::${narrowBits[to] ?? ""}(${x})`;
}
const inside = (a: readonly [number, number] | undefined, b: readonly [number, number]): boolean =>
  a !== undefined && a[0] >= b[0] && a[1] <= b[1];

function vectorBits(from: DType, to: DType, x: string): string | undefined {
  if (from === "f32" && to === "i32") return `fs::bits(${x})`;
  return from === "i32" && to === "f32" ? `fs::from_bits(${x})` : undefined;
}

/** Every value of the type is an f32. */
const inF32 = (d: DType): boolean => d === "f32" || isSmallFloat(d) || dtypeBits[d] <= 16;

/** A scalar cast. */
export function scalarCast(from: DType, to: DType, x: string, rule?: CastRule): string {
  const type = valueType[to] ?? to;
  if (rule === "bits") return bitsAs(from, to, x);
  if (to === "bool") return `(${x} != 0)`;
  if (to === "bf16" || to === "f16") return inF32(from) ? `fs::one::to_${to}(static_cast<float>(${x}))` : `fs::one::wide_to_${to}(${x})`;
  if (isSmallFloat(to)) return `fs::one::round_to<fs::${to}${castArguments(rule)}>(${x})`;
  if (isFloat(to)) return `static_cast<${type}>(${x})`;
  if (isPacked(to)) return `fs::one::wrap_bits<${type}, ${dtypeBits[to]}>(${isFloat(from) ? `fs::one::truncate_to<int32_t>(${x})` : x})`;
  return isFloat(from) ? `fs::one::truncate_to<${type}>(${x})` : `static_cast<${type}>(${x})`;
}
function castArguments(rule: CastRule | undefined): string {
  if (rule === undefined) return "";
  const round = rule.endsWith("down") ? "down" : rule.endsWith("nearest") ? "nearest" : "up";
  return `, ${String(!rule.startsWith("overflow"))}, fs::scale_rounding::${round}`;
}

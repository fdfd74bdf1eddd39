/** Constants as exact C++ text. */
import type { DType } from "../support/dtype.ts";
import { dtypeBits, isFloat, isPacked, isSmallFloat } from "../support/dtype.ts";

/**
 * C++ types of values. Floats of 16 bits and less are kept, rounded, in a float, packed integers in a byte; in memory they are bit patterns
 * (see `memoryType`).
 */
export const valueType: Readonly<Partial<Record<DType, string>>> = {
  f32: "float",
  f64: "double",
  f16: "float",
  bf16: "float",
  f8e4m3fn: "float",
  f8e4m3fnuz: "float",
  f8e5m2: "float",
  f8e5m2fnuz: "float",
  f8e8m0: "float",
  f4e2m1: "float",
  bool: "bool",
  i8: "int8_t",
  u8: "uint8_t",
  i16: "int16_t",
  u16: "uint16_t",
  i32: "int32_t",
  u32: "uint32_t",
  i64: "int64_t",
  u64: "uint64_t",
  i4: "int8_t",
  u4: "uint8_t",
  i2: "int8_t",
  u2: "uint8_t",
};
export const memoryType = (d: DType): string | undefined =>
  valueType[d] === undefined
    ? undefined
    : d === "f16" || d === "bf16"
      ? "uint16_t"
      : d === "bool" || (dtypeBits[d] <= 8 && (isSmallFloat(d) || isPacked(d)))
        ? "uint8_t"
        : valueType[d];

/** A finite double in C's hexadecimal notation. */
export function hexFloat(x: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = (bits & 0xfffffffffffffn).toString(16).padStart(13, "0").replace(/0+$/, "");
  const sign = bits >> 63n ? "-" : "";
  return `${sign}0x${exponent === 0 ? 0 : 1}${fraction === "" ? "" : `.${fraction}`}p${exponent === 0 ? -1022 : exponent - 1023}`;
}

function floatLiteral(dtype: DType, value: number): string {
  const type = dtype === "f64" ? "double" : "float";
  if (Number.isNaN(value)) return `std::numeric_limits<${type}>::quiet_NaN()`;
  const x = dtype === "f64" ? value : Math.fround(value);
  if (!Number.isFinite(x)) return `${x < 0 ? "-" : ""}std::numeric_limits<${type}>::infinity()`;
  const suffix = dtype === "f64" ? "" : "f";
  const decimal = Object.is(x, -0) ? "-0" : String(x);
  if (decimal.length > 8) return hexFloat(x) + suffix;
  return (/[.e]/.test(decimal) ? decimal : `${decimal}.0`) + suffix;
}

/** A scalar constant of the type; small values are plain decimals, others hexadecimal. */
export function literal(dtype: DType, value: number | bigint | boolean): string {
  if (dtype === "bool") return String(Boolean(value));
  if (isFloat(dtype)) return floatLiteral(dtype, Number(value));
  if (dtype === "i64") {
    const v = BigInt(value);
    if (v === -(1n << 63n)) return "std::numeric_limits<int64_t>::min()";
    return v >= -(1n << 31n) && v < 1n << 31n ? String(v) : `INT64_C(${v})`;
  }
  if (dtype === "u64") return `UINT64_C(${value})`;
  if (dtype === "i32" && Number(value) === -(2 ** 31)) return "std::numeric_limits<int32_t>::min()";
  return dtype === "i32" ? String(value) : `${valueType[dtype] ?? dtype}{${value}}`;
}

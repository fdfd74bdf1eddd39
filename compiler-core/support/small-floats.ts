/**
 * Floating-point formats narrower than f32, to and from doubles. Sources: IEEE 754 (f16), Intel's bfloat16 definition, "FP8 Formats
 * for Deep Learning" (arXiv 2209.05433), "8-bit Numerical Formats for Deep Neural Networks" (arXiv 2206.02915, the UZ forms) and the
 * OCP microscaling specification 1.0 (e8m0, 6 and 4 bits).
 */

/** `specials`: `ieee` has inf and NaN; `fn` only NaN (all ones); `uz` NaN in place of -0; `finite` neither; `scale` is unsigned e8m0. */
interface FloatFormat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  readonly specials: "ieee" | "fn" | "uz" | "finite" | "scale";
}

export const smallFloats = {
  f16: { exponentBits: 5, mantissaBits: 10, bias: 15, specials: "ieee" },
  bf16: { exponentBits: 8, mantissaBits: 7, bias: 127, specials: "ieee" },
  f8e4m3fn: { exponentBits: 4, mantissaBits: 3, bias: 7, specials: "fn" },
  f8e4m3fnuz: { exponentBits: 4, mantissaBits: 3, bias: 8, specials: "uz" },
  f8e5m2: { exponentBits: 5, mantissaBits: 2, bias: 15, specials: "ieee" },
  f8e5m2fnuz: { exponentBits: 5, mantissaBits: 2, bias: 16, specials: "uz" },
  f8e8m0: { exponentBits: 8, mantissaBits: 0, bias: 127, specials: "scale" },
  f6e2m3: { exponentBits: 2, mantissaBits: 3, bias: 1, specials: "finite" },
  f6e3m2: { exponentBits: 3, mantissaBits: 2, bias: 3, specials: "finite" },
  f4e2m1: { exponentBits: 2, mantissaBits: 1, bias: 1, specials: "finite" },
} as const satisfies Record<string, FloatFormat>;

export type SmallFloat = keyof typeof smallFloats;

/** How a magnitude becomes a power of two: away from zero, towards it, or to the nearer one (ties up). ONNX Cast's `round_mode`. */
export type ScaleRounding = "up" | "down" | "nearest";

/** Width of a format: sign, exponent and mantissa (e8m0 has no sign). */
export function smallFloatBits(name: SmallFloat): number {
  const format: FloatFormat = smallFloats[name];
  return format.exponentBits + format.mantissaBits + (format.specials === "scale" ? 0 : 1);
}

const tables = new Map<SmallFloat, Float64Array>();

/** The values of all bit patterns of a format, by pattern. Made when first asked for. */
export function decodeTable(name: SmallFloat): Float64Array {
  const have = tables.get(name);
  if (have !== undefined) return have;
  const table = Float64Array.from({ length: 2 ** smallFloatBits(name) }, (_, bits) => decodeFloat(name, bits));
  tables.set(name, table);
  return table;
}

/** The value of a bit pattern; exact. */
export function decodeFloat(name: SmallFloat, bits: number): number {
  const format: FloatFormat = smallFloats[name];
  const { exponentBits, mantissaBits, bias, specials } = format;
  if (specials === "scale") return bits === 0xff ? NaN : 2 ** (bits - bias);
  const signBit = 1 << (exponentBits + mantissaBits);
  const negative = (bits & signBit) !== 0;
  const magnitude = bits & (signBit - 1);
  if (specials === "uz" && bits === signBit) return NaN;
  if (specials === "fn" && magnitude === signBit - 1) return NaN;
  const exponent = magnitude >> mantissaBits;
  const mantissa = magnitude & ((1 << mantissaBits) - 1);
  if (specials === "ieee" && exponent === (1 << exponentBits) - 1) return mantissa !== 0 ? NaN : negative ? -Infinity : Infinity;
  const value =
    exponent === 0 ? mantissa * 2 ** (1 - bias - mantissaBits) : (mantissa + 2 ** mantissaBits) * 2 ** (exponent - bias - mantissaBits);
  return negative ? -value : value;
}

/** The largest magnitude code that stands for a finite number. */
function maxFiniteCode({ exponentBits, mantissaBits, specials }: FloatFormat): number {
  const all = 2 ** (exponentBits + mantissaBits) - 1;
  if (specials === "ieee") return all - 2 ** mantissaBits;
  return specials === "fn" || specials === "scale" ? all - 1 : all;
}

/**
 * The bit pattern nearest to `value`, ties to even. Beyond the largest finite number: with `saturate` that number, otherwise infinity,
 * or NaN in formats without it; formats with neither always saturate. `saturate` is ONNX Cast's attribute, and off for f16 and bf16.
 * NaN becomes the quiet NaN, or zero in formats without NaN. e8m0 holds powers of two only: the magnitude is rounded to one by `round`.
 */
export function encodeFloat(name: SmallFloat, value: number, saturate = false, round: ScaleRounding = "up"): number {
  const format: FloatFormat = smallFloats[name];
  const { exponentBits, mantissaBits, specials } = format;
  if (specials === "scale") return encodeScale(value, saturate, round);
  const signBit = 2 ** (exponentBits + mantissaBits);
  const sign = value < 0 || Object.is(value, -0) ? signBit : 0;
  if (Number.isNaN(value)) return nanCode(format, signBit);
  const code = magnitudeCode(format, Math.abs(value));
  if (code > maxFiniteCode(format)) {
    if (saturate || specials === "finite") return sign + maxFiniteCode(format);
    return specials === "ieee" ? sign + maxFiniteCode(format) + 1 : specials === "uz" ? signBit : sign + signBit - 1;
  }
  return code === 0 && specials === "uz" ? 0 : sign + code;
}

function nanCode({ mantissaBits, specials }: FloatFormat, signBit: number): number {
  if (specials === "uz") return signBit;
  if (specials === "finite") return 0;
  return specials === "fn" ? signBit - 1 : signBit - 2 ** mantissaBits + 2 ** (mantissaBits - 1);
}

/** Code of a magnitude as if the exponent range had no upper end. A carry out of the mantissa moves into the exponent by itself. */
function magnitudeCode({ mantissaBits, bias }: FloatFormat, magnitude: number): number {
  if (magnitude === 0) return 0;
  if (magnitude === Infinity) return Infinity;
  const exponent = Math.max(exponentOf(magnitude), 1 - bias);
  const scaled = roundHalfEven(magnitude * 2 ** (mantissaBits - exponent));
  return (exponent + bias - 1) * 2 ** mantissaBits + scaled;
}

const scratch = new DataView(new ArrayBuffer(8));

/** floor(log2(magnitude)) of a positive finite double, exactly; subnormal doubles count as 2^-1023. */
function exponentOf(magnitude: number): number {
  scratch.setFloat64(0, magnitude);
  return ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** Sign is dropped, zero becomes the smallest scale, infinity NaN: the rules of ONNX Cast. */
function encodeScale(value: number, saturate: boolean, round: ScaleRounding): number {
  const magnitude = Math.abs(value);
  if (Number.isNaN(value) || magnitude === Infinity) return 0xff;
  if (magnitude === 0) return 0;
  const floor = exponentOf(magnitude);
  const over = magnitude / 2 ** floor;
  const exponent = over > 1 && (round === "up" || (round === "nearest" && over >= 1.5)) ? floor + 1 : floor;
  if (exponent > 127) return saturate ? 0xfe : 0xff;
  return Math.max(exponent + 127, 0);
}

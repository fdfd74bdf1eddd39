// Floating-point formats of 4 to 16 bits, element by element: the codes in memory, and the values in f32. The rules are those of ONNX Cast.
#pragma once

#include <type_traits>

#include "simd.hpp"

namespace fs {

// ieee: infinities and NaN. fn: only NaN, all ones. uz: NaN in place of -0. finite: neither. scale: unsigned powers of two.
enum class specials { ieee, fn, uz, finite, scale };

template <int ExponentBits, int MantissaBits, int Bias, specials Kind>
struct small_format {
  static constexpr int exponent_bits = ExponentBits, mantissa_bits = MantissaBits, bias = Bias;
  static constexpr specials kind = Kind;
  static constexpr uint32_t sign_bit = 1u << (ExponentBits + MantissaBits);
  static constexpr uint32_t all_ones = sign_bit - 1;
  static constexpr uint32_t max_finite = Kind == specials::ieee                           ? all_ones - (1u << MantissaBits)
                                         : Kind == specials::fn || Kind == specials::scale ? all_ones - 1
                                                                                           : all_ones;
  static constexpr uint32_t nan = Kind == specials::uz       ? sign_bit
                                  : Kind == specials::finite ? 0
                                  : Kind == specials::ieee   ? sign_bit - (1u << MantissaBits) + (1u << (MantissaBits - 1))
                                                             : all_ones;
};

using f16_format = small_format<5, 10, 15, specials::ieee>;
using bf16_format = small_format<8, 7, 127, specials::ieee>;
using f8e4m3fn = small_format<4, 3, 7, specials::fn>;
using f8e4m3fnuz = small_format<4, 3, 8, specials::uz>;
using f8e5m2 = small_format<5, 2, 15, specials::ieee>;
using f8e5m2fnuz = small_format<5, 2, 16, specials::uz>;
using f8e8m0 = small_format<8, 0, 127, specials::scale>;
using f4e2m1 = small_format<2, 1, 1, specials::finite>;

constexpr double power_of_2(int e) {
  double r = 1;
  for (; e > 0; e--) r *= 2;
  for (; e < 0; e++) r /= 2;
  return r;
}

template <class F>
constexpr float decode_one(uint32_t code) {
  if (F::kind == specials::scale)
    return code == 0xffu ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(power_of_2(static_cast<int>(code) - F::bias));
  const bool negative = (code & F::sign_bit) != 0;
  const uint32_t magnitude = code & F::all_ones;
  if ((F::kind == specials::uz && code == F::sign_bit) || (F::kind == specials::fn && magnitude == F::all_ones))
    return std::numeric_limits<float>::quiet_NaN();
  const int exponent = static_cast<int>(magnitude >> F::mantissa_bits);
  const uint32_t mantissa = magnitude & ((1u << F::mantissa_bits) - 1u);
  if (F::kind == specials::ieee && exponent == (1 << F::exponent_bits) - 1) {
    const float inf = std::numeric_limits<float>::infinity();
    return mantissa != 0 ? std::numeric_limits<float>::quiet_NaN() : negative ? -inf : inf;
  }
  const double value = exponent == 0 ? mantissa * power_of_2(1 - F::bias - F::mantissa_bits)
                                     : (mantissa + (1u << F::mantissa_bits)) * power_of_2(exponent - F::bias - F::mantissa_bits);
  return static_cast<float>(negative ? -value : value);
}

template <class F>
struct decode_table {
  float values[256];
  constexpr decode_table() : values() {
    constexpr uint32_t codes = F::kind == specials::scale ? 256u : 2u * F::sign_bit;
    for (uint32_t i = 0; i < codes; i++) values[i] = decode_one<F>(i);
  }
};
template <class F>
inline constexpr decode_table<F> decoded{};

// The value of a code of 8 bits or less.
template <class F>
FS_INLINE float decode(uint8_t code) {
  return decoded<F>.values[code];
}

enum class scale_rounding { up, down, nearest };

// Powers of two: the sign is dropped, zero becomes the smallest one, infinity NaN.
template <bool Saturate, scale_rounding Round>
inline uint8_t encode_scale(uint64_t magnitude) {
  if (magnitude >= 0x7ff0000000000000ull) return 0xff;
  const int floor = static_cast<int>(magnitude >> 52) - 1023;
  const uint64_t rest = magnitude & 0xfffffffffffffull;
  const bool up = rest != 0 && (Round == scale_rounding::up || (Round == scale_rounding::nearest && rest >= 0x8000000000000ull));
  const int exponent = magnitude == 0 ? -127 : floor + (up ? 1 : 0);
  if (exponent > 127) return Saturate ? 0xfe : 0xff;
  return static_cast<uint8_t>(exponent < -127 ? 0 : exponent + 127);
}

// The code nearest to a double, ties to even. Beyond the largest number: that number if `Saturate` (always, in formats without infinity and
// NaN), else infinity or NaN.
template <class F, bool Saturate = true, scale_rounding Round = scale_rounding::up>
inline uint32_t encode(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, 8);
  const uint64_t magnitude = bits & 0x7fffffffffffffffull;
  if (magnitude > 0x7ff0000000000000ull) return F::nan;
  if constexpr (F::kind == specials::scale) {
    return encode_scale<Saturate, Round>(magnitude);
  } else {
    const uint32_t sign = bits >> 63 ? F::sign_bit : 0u;
    const int field = static_cast<int>(magnitude >> 52), exponent = field - 1023;
    const uint64_t fraction = (magnitude & 0xfffffffffffffull) | (field == 0 ? 0 : 0x10000000000000ull);
    const int target = exponent > 1 - F::bias ? exponent : 1 - F::bias;
    const int shift = 52 - F::mantissa_bits + (target - exponent);
    uint32_t code = 0;
    if (field == 2047) {
      code = F::all_ones + 1;
    } else if (shift < 55) {
      const uint64_t kept = fraction >> shift, rest = fraction - (kept << shift), half = 1ull << (shift - 1);
      const uint64_t rounded = kept + (rest > half || (rest == half && (kept & 1)) ? 1 : 0);
      const int64_t whole = (static_cast<int64_t>(target + F::bias - 1) << F::mantissa_bits) + static_cast<int64_t>(rounded);
      code = whole > static_cast<int64_t>(F::all_ones) ? F::all_ones + 1 : static_cast<uint32_t>(whole);
    }
    if (code > F::max_finite) {
      if (Saturate || F::kind == specials::finite) return sign | F::max_finite;
      return F::kind == specials::ieee ? sign | (F::max_finite + 1) : F::kind == specials::uz ? F::sign_bit : sign | F::all_ones;
    }
    return code == 0 && F::kind == specials::uz ? 0 : sign | code;
  }
}

// The same from f32, in integer arithmetic without branches, so that a compiler can make vectors of it. Below the smallest normal number,
// adding a power of two whose last bit is the unit of the denormals rounds to it.
template <class F, bool Saturate = true, scale_rounding Round = scale_rounding::up>
inline uint32_t encode(float x) {
  if constexpr (F::kind == specials::scale) {
    return encode<F, Saturate, Round>(static_cast<double>(x));
  } else {
    constexpr int dropped = 23 - F::mantissa_bits;
    constexpr float unit = static_cast<float>(power_of_2(1 - F::bias - F::mantissa_bits + 23));
    constexpr uint32_t unit_bits = static_cast<uint32_t>(127 + 1 - F::bias - F::mantissa_bits + 23) << 23;
    constexpr uint32_t smallest_normal = static_cast<uint32_t>(128 - F::bias) << 23;
    constexpr bool clamps = Saturate || F::kind == specials::finite;
    const uint32_t bits = f32_bits(x), magnitude = bits & 0x7fffffffu, sign = (bits >> 31) * F::sign_bit;
    const uint32_t normal = ((magnitude + ((1u << (dropped - 1)) - 1u) + ((magnitude >> dropped) & 1u)) >> dropped) -
                            (static_cast<uint32_t>(127 - F::bias) << F::mantissa_bits);
    const uint32_t denormal = f32_bits(f32_from_bits(magnitude) + unit) - unit_bits;
    const uint32_t code = magnitude < smallest_normal ? denormal : normal;
    const uint32_t beyond = clamps                           ? sign | F::max_finite
                            : F::kind == specials::ieee ? sign | (F::max_finite + 1)
                            : F::kind == specials::uz   ? F::sign_bit
                                                        : sign | F::all_ones;
    const uint32_t number = code > F::max_finite ? beyond : F::kind == specials::uz && code == 0 ? 0u : sign | code;
    return magnitude > 0x7f800000u ? F::nan : number;
  }
}

namespace one {

// A number as a double for one further rounding: 64-bit integers keep in the lowest bit whether something was lost.
template <class T>
FS_INLINE double for_rounding(T x) {
  if constexpr (std::is_integral_v<T> && sizeof(T) == 8) {
    const uint64_t magnitude = x < 0 ? 0ull - static_cast<uint64_t>(x) : static_cast<uint64_t>(x);
    const uint64_t top = magnitude >> 11, folded = ((top << 11) == magnitude ? top : top | 1u) << 11;
    const double wide = magnitude < (1ull << 53) ? static_cast<double>(magnitude) : static_cast<double>(folded);
    return x < 0 ? -wide : wide;
  } else {
    return static_cast<double>(x);
  }
}

// Values rounded to a format, as f32.
template <class F, bool Saturate = true, scale_rounding Round = scale_rounding::up, class T>
FS_INLINE float round_to(T x) {
  if constexpr (std::is_same_v<T, float>)
    return decode<F>(static_cast<uint8_t>(encode<F, Saturate, Round>(x)));
  else
    return decode<F>(static_cast<uint8_t>(encode<F, Saturate, Round>(for_rounding(x))));
}
template <class T>
FS_INLINE float wide_to_f16(T x) {
  return f16_to_f32(static_cast<uint16_t>(encode<f16_format, false>(for_rounding(x))));
}
template <class T>
FS_INLINE float wide_to_bf16(T x) {
  return bf16_to_f32(static_cast<uint16_t>(encode<bf16_format, false>(for_rounding(x))));
}

// Integers of 2 and 4 bits, in a byte each: the low bits of any integer.
template <class To, int Bits, class From>
FS_INLINE To wrap_bits(From x) {
  const uint32_t low = static_cast<uint32_t>(static_cast<uint64_t>(x)) & ((1u << Bits) - 1u);
  if constexpr (std::is_signed_v<To>) return static_cast<To>(static_cast<int32_t>(low << (32 - Bits)) >> (32 - Bits));
  return static_cast<To>(low);
}

// The bits of a value as another type of the same size.
template <class To, class From>
FS_INLINE To bits_as(From x) {
  static_assert(sizeof(To) == sizeof(From), "types of one size");
  To r;
  std::memcpy(&r, &x, sizeof(To));
  return r;
}

}  // namespace one

// Elements of 2 and 4 bits share bytes, low bits first. Threads may own neighbours in one byte, so it is changed atomically.
template <int Bits>
FS_INLINE uint8_t load_bits(const uint8_t* p, int64_t i) {
  constexpr int per_byte = 8 / Bits;
  return static_cast<uint8_t>((p[i / per_byte] >> (i % per_byte * Bits)) & ((1 << Bits) - 1));
}
template <int Bits>
FS_INLINE void store_bits(uint8_t* p, int64_t i, uint8_t code) {
  constexpr int per_byte = 8 / Bits;
  uint8_t* const byte = p + i / per_byte;
  const int shift = static_cast<int>(i % per_byte) * Bits;
  constexpr int mask = (1 << Bits) - 1;
  __atomic_fetch_and(byte, static_cast<uint8_t>(~(mask << shift)), __ATOMIC_RELAXED);
  __atomic_fetch_or(byte, static_cast<uint8_t>((code & mask) << shift), __ATOMIC_RELAXED);
}

// A vector of consecutive packed integers, widened to i32. Whole bytes belong to the vector alone and are written as they are.
template <int Bits, bool Signed>
FS_INLINE i32x load_packed(const uint8_t* p, int64_t i, int n = f32_lanes) {
  constexpr int per_byte = 8 / Bits, mask = (1 << Bits) - 1;
  alignas(16) uint8_t lanes[16] = {};
  if (i % per_byte == 0 && n % per_byte == 0) {
    const uint8_t* const from = p + i / per_byte;
    for (int j = 0; j < n / per_byte; j++)
      for (int k = 0; k < per_byte; k++) lanes[j * per_byte + k] = static_cast<uint8_t>((from[j] >> (k * Bits)) & mask);
  } else {
    for (int j = 0; j < n; j++) lanes[j] = load_bits<Bits>(p, i + j);
  }
  const i32x codes = load_u8(lanes, f32_lanes);
  return Signed ? shift_right(shift_left(codes, 32 - Bits), 32 - Bits) : codes;
}
template <int Bits, bool Signed>
FS_INLINE i32x load_packed(const uint8_t* p, int64_t i, all_lanes) {
  return load_packed<Bits, Signed>(p, i, f32_lanes);
}
template <int Bits>
FS_INLINE void store_packed(uint8_t* p, int64_t i, i32x v, int n = f32_lanes) {
  constexpr int per_byte = 8 / Bits;
  alignas(16) uint8_t lanes[16];
  store_u8(lanes, bit_and(v, broadcast((1 << Bits) - 1)), f32_lanes);
  int j = 0;
  for (; j < n && (i + j) % per_byte != 0; j++) store_bits<Bits>(p, i + j, lanes[j]);
  for (uint8_t* to = p + (i + j) / per_byte; j + per_byte <= n; j += per_byte) {
    int byte = 0;
    for (int k = 0; k < per_byte; k++) byte |= lanes[j + k] << (k * Bits);
    *to++ = static_cast<uint8_t>(byte);
  }
  for (; j < n; j++) store_bits<Bits>(p, i + j, lanes[j]);
}
template <int Bits>
FS_INLINE void store_packed(uint8_t* p, int64_t i, i32x v, all_lanes) {
  store_packed<Bits>(p, i, v, f32_lanes);
}

}  // namespace fs

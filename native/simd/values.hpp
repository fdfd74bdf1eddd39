// Operations on one value at a time, and the vector casts, for generated code. The meanings are those of the compiler's semantics table:
// integers wrap, division by zero gives 0, `mod` has the sign of the divisor (floats: fmod), min and max propagate NaN, float to integer
// truncates to 32 or 64 bits (what does not fit: the lowest value) and keeps the low bits, shifts by the width or more give 0 or the sign.
#pragma once

#include <type_traits>

#include "simd.hpp"
#include "small_floats.hpp"

namespace fs {

// ---- lane 0 of a vector, so that a single value takes the same polynomial as a vector of them
FS_INLINE float first(f32x a) {
#if defined(FS_SIMD_AVX512)
  return _mm512_cvtss_f32(a.v);
#elif defined(FS_SIMD_AVX2)
  return _mm256_cvtss_f32(a.v);
#else
  return a.v;
#endif
}

namespace one {

template <class T>
using unsigned_of = std::make_unsigned_t<T>;

template <class T>
FS_INLINE T add(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<unsigned_of<T>>(a) + static_cast<unsigned_of<T>>(b));
  else
    return a + b;
}
template <class T>
FS_INLINE T sub(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<unsigned_of<T>>(a) - static_cast<unsigned_of<T>>(b));
  else
    return a - b;
}
template <class T>
FS_INLINE T mul(T a, T b) {
  // Through uint64_t: uint16_t operands would be promoted to a signed int that can overflow.
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  else
    return a * b;
}
template <class T>
FS_INLINE T div(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return sub<T>(0, a);
    return static_cast<T>(a / b);
  } else {
    return a / b;
  }
}
template <class T>
FS_INLINE T mod(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0 || (std::is_signed_v<T> && b == static_cast<T>(-1))) return 0;
    const T r = static_cast<T>(a % b);
    return r != 0 && ((r < 0) != (b < 0)) ? static_cast<T>(r + b) : r;
  } else {
    return std::fmod(a, b);
  }
}
template <class T>
FS_INLINE T min(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a != a ? a : b != b ? b : b < a ? b : a;
  else
    return b < a ? b : a;
}
template <class T>
FS_INLINE T max(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a != a ? a : b != b ? b : a < b ? b : a;
  else
    return a < b ? b : a;
}
template <class T>
inline T pow(T base, T exponent) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::pow(base, exponent);
  } else {
    if (std::is_signed_v<T> && exponent < 0)
      return base == 1 ? 1 : base == static_cast<T>(-1) ? (exponent % 2 == 0 ? 1 : static_cast<T>(-1)) : 0;
    T result = 1;
    for (unsigned_of<T> e = static_cast<unsigned_of<T>>(exponent); e != 0; e = static_cast<unsigned_of<T>>(e >> 1), base = mul(base, base))
      if (e & 1u) result = mul(result, base);
    return result;
  }
}
template <class T>
FS_INLINE T shl(T a, T b) {
  constexpr int width = static_cast<int>(sizeof(T) * 8);
  return b < 0 || static_cast<uint64_t>(b) >= width ? 0 : static_cast<T>(static_cast<uint64_t>(a) << static_cast<int>(b));
}
template <class T>
FS_INLINE T shr(T a, T b) {
  constexpr int width = static_cast<int>(sizeof(T) * 8);
  if (b < 0 || static_cast<uint64_t>(b) >= width) return std::is_signed_v<T> && a < 0 ? static_cast<T>(-1) : 0;
  return static_cast<T>(a >> static_cast<int>(b));
}
template <class T>
FS_INLINE T neg(T a) {
  if constexpr (std::is_integral_v<T>)
    return sub<T>(0, a);
  else
    return -a;
}
template <class T>
FS_INLINE T abs(T a) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fabs(a);
  else
    return a < 0 ? neg(a) : a;
}
// a * b + c: one rounding for floats.
template <class T>
FS_INLINE T fma(T a, T b, T c) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fma(a, b, c);
  else
    return add(mul(a, b), c);
}

// Float to integer: the low bits of what the conversion instruction to i32 (i64) gives; u32 and u64 also take the numbers above. The bounds
// are powers of two, exact in any float; truncation takes doubles a little below the lowest i32 too.
template <class To, class From>
FS_INLINE To truncate_to(From x) {
  using wide = std::conditional_t<sizeof(To) == 8, int64_t, int32_t>;
  constexpr From above = static_cast<From>(sizeof(wide) == 4 ? 0x1p31 : 0x1p63);
  if constexpr (std::is_same_v<To, uint64_t> || std::is_same_v<To, uint32_t>)
    if (x >= above) return x < 2 * above ? static_cast<To>(x) : 0;
  const bool fits = x < above && (sizeof(wide) == 4 && sizeof(From) == 8 ? x > -above - 1 : x >= -above);
  return static_cast<To>(fits ? static_cast<wide>(x) : std::numeric_limits<wide>::min());
}

inline double sigmoid64(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
inline double softplus64(double x) { return x != x ? x : (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x))); }

FS_INLINE float to_bf16(float x) { return bf16_to_f32(f32_to_bf16(x)); }
FS_INLINE float to_f16(float x) { return f16_to_f32(f32_to_f16(x)); }

}  // namespace one

// ---- vector casts
// Low bits of an integer, with (wrap_signed) or without (wrap_unsigned) sign.
template <int Bits>
FS_INLINE i32x wrap_signed(i32x a) {
  return shift_right(shift_left(a, 32 - Bits), 32 - Bits);
}
template <int Bits>
FS_INLINE i32x wrap_unsigned(i32x a) {
  return bit_and(a, broadcast(static_cast<int32_t>((1u << Bits) - 1u)));
}
FS_INLINE f32x to_f32(mask a) { return select(a, broadcast(1.0f), broadcast(0.0f)); }
FS_INLINE i32x to_i32(mask a) { return select(a, broadcast(1), broadcast(0)); }
FS_INLINE f32x round_to_f16(f32x a) {
#if defined(FS_SIMD_AVX512)
  return {_mm512_cvtph_ps(_mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))};
#elif defined(FS_SIMD_AVX2)
  return {_mm256_cvtph_ps(to_f16(a))};
#else
  return {f16_to_f32(f32_to_f16(a.v))};
#endif
}
FS_INLINE i32x ramp(int64_t base) { return add(broadcast(static_cast<int32_t>(base)), iota()); }

}  // namespace fs

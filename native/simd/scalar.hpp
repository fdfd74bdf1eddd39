// One-lane backend of simd.hpp in plain C++: the meaning of every operation, and what runs where there is no AVX2.
#pragma once

#include "half.hpp"

namespace fs {

constexpr int f32_lanes = 1;
constexpr const char* simd_name = "scalar";

struct f32x {
  float v;
};
struct i32x {
  int32_t v;
};
struct mask {
  bool v;
};

FS_INLINE mask first_lanes(int n) { return {n > 0}; }

// Memory
FS_INLINE f32x load(const float* p) { return {*p}; }
FS_INLINE f32x load(const float* p, int n) { return {n > 0 ? *p : 0.0f}; }
FS_INLINE void store(float* p, f32x a) { *p = a.v; }
FS_INLINE void store(float* p, f32x a, int n) {
  if (n > 0) *p = a.v;
}
FS_INLINE i32x load(const int32_t* p) { return {*p}; }
FS_INLINE i32x load(const int32_t* p, int n) { return {n > 0 ? *p : 0}; }
FS_INLINE void store(int32_t* p, i32x a) { *p = a.v; }
FS_INLINE void store(int32_t* p, i32x a, int n) {
  if (n > 0) *p = a.v;
}
FS_INLINE void stream(float* p, f32x a) { *p = a.v; }
FS_INLINE f32x gather(const float* base, i32x index) { return {base[index.v]}; }

FS_INLINE f32x broadcast(float a) { return {a}; }
FS_INLINE i32x broadcast(int32_t a) { return {a}; }
FS_INLINE i32x iota() { return {0}; }

// f32 arithmetic
FS_INLINE f32x add(f32x a, f32x b) { return {a.v + b.v}; }
FS_INLINE f32x sub(f32x a, f32x b) { return {a.v - b.v}; }
FS_INLINE f32x mul(f32x a, f32x b) { return {a.v * b.v}; }
FS_INLINE f32x div(f32x a, f32x b) { return {a.v / b.v}; }
#ifdef __FMA__
FS_INLINE f32x fma(f32x a, f32x b, f32x c) { return {__builtin_fmaf(a.v, b.v, c.v)}; }
#else
FS_INLINE f32x fma(f32x a, f32x b, f32x c) { return {a.v * b.v + c.v}; }  // fmaf would be a slow library call here
#endif
FS_INLINE f32x fnma(f32x a, f32x b, f32x c) { return fma({-a.v}, b, c); }
FS_INLINE f32x max_raw(f32x a, f32x b) { return {a.v > b.v ? a.v : b.v}; }
FS_INLINE f32x min_raw(f32x a, f32x b) { return {a.v < b.v ? a.v : b.v}; }
FS_INLINE f32x abs(f32x a) { return {std::fabs(a.v)}; }
FS_INLINE f32x neg(f32x a) { return {-a.v}; }
FS_INLINE f32x sqrt(f32x a) { return {std::sqrt(a.v)}; }
FS_INLINE f32x floor(f32x a) { return {std::floor(a.v)}; }
FS_INLINE f32x ceil(f32x a) { return {std::ceil(a.v)}; }
FS_INLINE f32x trunc(f32x a) { return {std::trunc(a.v)}; }
FS_INLINE f32x round_even(f32x a) { return {std::nearbyint(a.v)}; }

// i32 arithmetic (wraps: computed unsigned, because signed overflow is undefined)
FS_INLINE int32_t wrap(uint32_t a) {
  int32_t r;
  std::memcpy(&r, &a, 4);
  return r;
}
FS_INLINE i32x add(i32x a, i32x b) { return {wrap(static_cast<uint32_t>(a.v) + static_cast<uint32_t>(b.v))}; }
FS_INLINE i32x sub(i32x a, i32x b) { return {wrap(static_cast<uint32_t>(a.v) - static_cast<uint32_t>(b.v))}; }
FS_INLINE i32x mul(i32x a, i32x b) { return {wrap(static_cast<uint32_t>(a.v) * static_cast<uint32_t>(b.v))}; }
FS_INLINE i32x max(i32x a, i32x b) { return {a.v > b.v ? a.v : b.v}; }
FS_INLINE i32x min(i32x a, i32x b) { return {a.v < b.v ? a.v : b.v}; }
FS_INLINE i32x abs(i32x a) { return a.v < 0 ? sub({0}, a) : a; }
FS_INLINE i32x bit_and(i32x a, i32x b) { return {a.v & b.v}; }
FS_INLINE i32x bit_or(i32x a, i32x b) { return {a.v | b.v}; }
FS_INLINE i32x bit_xor(i32x a, i32x b) { return {a.v ^ b.v}; }
FS_INLINE i32x shift_left(i32x a, int n) { return {n > 31 ? 0 : wrap(static_cast<uint32_t>(a.v) << n)}; }
FS_INLINE i32x shift_right(i32x a, int n) { return {a.v >> (n > 31 ? 31 : n)}; }
FS_INLINE i32x shift_right_logical(i32x a, int n) { return {n > 31 ? 0 : wrap(static_cast<uint32_t>(a.v) >> n)}; }

// Comparison and selection
FS_INLINE mask lt(f32x a, f32x b) { return {a.v < b.v}; }
FS_INLINE mask le(f32x a, f32x b) { return {a.v <= b.v}; }
FS_INLINE mask gt(f32x a, f32x b) { return {a.v > b.v}; }
FS_INLINE mask ge(f32x a, f32x b) { return {a.v >= b.v}; }
FS_INLINE mask eq(f32x a, f32x b) { return {a.v == b.v}; }
FS_INLINE mask ne(f32x a, f32x b) { return {a.v != b.v}; }
FS_INLINE mask is_nan(f32x a) { return {a.v != a.v}; }
FS_INLINE mask lt(i32x a, i32x b) { return {a.v < b.v}; }
FS_INLINE mask le(i32x a, i32x b) { return {a.v <= b.v}; }
FS_INLINE mask gt(i32x a, i32x b) { return {a.v > b.v}; }
FS_INLINE mask ge(i32x a, i32x b) { return {a.v >= b.v}; }
FS_INLINE mask eq(i32x a, i32x b) { return {a.v == b.v}; }
FS_INLINE mask ne(i32x a, i32x b) { return {a.v != b.v}; }
FS_INLINE f32x select(mask m, f32x a, f32x b) { return m.v ? a : b; }
FS_INLINE i32x select(mask m, i32x a, i32x b) { return m.v ? a : b; }
FS_INLINE mask mask_and(mask a, mask b) { return {a.v && b.v}; }
FS_INLINE mask mask_or(mask a, mask b) { return {a.v || b.v}; }
FS_INLINE mask mask_xor(mask a, mask b) { return {a.v != b.v}; }
FS_INLINE mask mask_not(mask a) { return {!a.v}; }
FS_INLINE bool any(mask a) { return a.v; }
FS_INLINE bool all(mask a) { return a.v; }

// Conversion
FS_INLINE f32x to_f32(i32x a) { return {static_cast<float>(a.v)}; }
// 2^31 is the first float beyond int32; the comparison is false for NaN.
FS_INLINE i32x to_i32_trunc(f32x a) {
  return {a.v >= -2147483648.0f && a.v < 2147483648.0f ? static_cast<int32_t>(a.v) : std::numeric_limits<int32_t>::min()};
}
FS_INLINE i32x to_i32_round(f32x a) { return to_i32_trunc(round_even(a)); }
FS_INLINE i32x bits(f32x a) {
  int32_t r;
  std::memcpy(&r, &a.v, 4);
  return {r};
}
FS_INLINE f32x from_bits(i32x a) {
  float r;
  std::memcpy(&r, &a.v, 4);
  return {r};
}
// a * 2^n with one rounding; n must be integral.
FS_INLINE f32x scale_by_power_of_2(f32x a, f32x n) {
  const int32_t e = to_i32_trunc(n).v, half = e >> 1, rest = e - half;
  return mul(mul(a, from_bits({wrap(static_cast<uint32_t>(half + 127) << 23)})),
             from_bits({wrap(static_cast<uint32_t>(rest + 127) << 23)}));
}

template <class T>
FS_INLINE T saturate(int32_t a) {
  constexpr int32_t lo = std::numeric_limits<T>::min(), hi = std::numeric_limits<T>::max();
  return static_cast<T>(a < lo ? lo : a > hi ? hi : a);
}
FS_INLINE i32x load_u8(const uint8_t* p, int n = 1) { return {n > 0 ? *p : 0}; }
FS_INLINE i32x load_s8(const int8_t* p, int n = 1) { return {n > 0 ? *p : 0}; }
FS_INLINE i32x load_u16(const uint16_t* p, int n = 1) { return {n > 0 ? *p : 0}; }
FS_INLINE i32x load_s16(const int16_t* p, int n = 1) { return {n > 0 ? *p : 0}; }
FS_INLINE void store_u8(uint8_t* p, i32x a, int n = 1) {
  if (n > 0) *p = saturate<uint8_t>(a.v);
}
FS_INLINE void store_s8(int8_t* p, i32x a, int n = 1) {
  if (n > 0) *p = saturate<int8_t>(a.v);
}
FS_INLINE void store_low8(void* p, i32x a, int n = 1) {
  if (n > 0) *static_cast<uint8_t*>(p) = static_cast<uint8_t>(a.v);
}
FS_INLINE void store_u16(uint16_t* p, i32x a, int n = 1) {
  if (n > 0) *p = saturate<uint16_t>(a.v);
}
FS_INLINE void store_s16(int16_t* p, i32x a, int n = 1) {
  if (n > 0) *p = saturate<int16_t>(a.v);
}
FS_INLINE void store_low16(uint16_t* p, i32x a, int n = 1) {
  if (n > 0) *p = static_cast<uint16_t>(a.v);
}
FS_INLINE f32x load_f16(const uint16_t* p, int n = 1) { return {n > 0 ? f16_to_f32(*p) : 0.0f}; }
FS_INLINE void store_f16(uint16_t* p, f32x a, int n = 1) {
  if (n > 0) *p = f32_to_f16(a.v);
}
// One byte per lane, 0 or 1 (ONNX bool); any non-zero byte reads as true.
FS_INLINE mask load_bool(const uint8_t* p, int n) { return {n > 0 && *p != 0}; }
FS_INLINE void store_bool(uint8_t* p, mask m, int n) {
  if (n > 0) *p = m.v ? 1 : 0;
}

// Horizontal
FS_INLINE float hadd(f32x a) { return a.v; }
FS_INLINE float hmax_raw(f32x a) { return a.v; }
FS_INLINE float hmin_raw(f32x a) { return a.v; }
FS_INLINE int32_t hadd(i32x a) { return a.v; }
FS_INLINE int32_t hmax(i32x a) { return a.v; }
FS_INLINE int32_t hmin(i32x a) { return a.v; }

}  // namespace fs

// Operations of simd.hpp that are the same for every backend, written with the backend's own.
#pragma once

#include "half.hpp"

namespace fs {

// `all_lanes{}` as the lane count: the unmasked access.
FS_INLINE f32x load(const float* p, all_lanes) { return load(p); }
FS_INLINE i32x load(const int32_t* p, all_lanes) { return load(p); }
FS_INLINE void store(float* p, f32x a, all_lanes) { store(p, a); }
FS_INLINE void store(int32_t* p, i32x a, all_lanes) { store(p, a); }
FS_INLINE i32x load_u8(const uint8_t* p, all_lanes) { return load_u8(p); }
FS_INLINE i32x load_s8(const int8_t* p, all_lanes) { return load_s8(p); }
FS_INLINE void store_u8(uint8_t* p, i32x a, all_lanes) { store_u8(p, a); }
FS_INLINE void store_s8(int8_t* p, i32x a, all_lanes) { store_s8(p, a); }
FS_INLINE void store_low8(void* p, i32x a, all_lanes) { store_low8(p, a); }
FS_INLINE i32x load_u16(const uint16_t* p, all_lanes) { return load_u16(p); }
FS_INLINE i32x load_s16(const int16_t* p, all_lanes) { return load_s16(p); }
FS_INLINE void store_u16(uint16_t* p, i32x a, all_lanes) { store_u16(p, a); }
FS_INLINE void store_s16(int16_t* p, i32x a, all_lanes) { store_s16(p, a); }
FS_INLINE f32x load_f16(const uint16_t* p, all_lanes) { return load_f16(p); }
FS_INLINE void store_f16(uint16_t* p, f32x a, all_lanes) { store_f16(p, a); }
FS_INLINE mask load_bool(const uint8_t* p, all_lanes) { return load_bool(p, f32_lanes); }
FS_INLINE void store_bool(uint8_t* p, mask m, all_lanes) { store_bool(p, m, f32_lanes); }
FS_INLINE int lane_count(int n) { return n; }
FS_INLINE int lane_count(all_lanes) { return f32_lanes; }

// The same flag in every lane, and a choice between flags.
FS_INLINE mask broadcast_mask(bool a) { return first_lanes(a ? f32_lanes : 0); }
FS_INLINE mask select(mask m, mask a, mask b) { return mask_or(mask_and(m, a), mask_and(mask_not(m), b)); }

FS_INLINE f32x zero() { return broadcast(0.0f); }

// NaN if either operand is NaN.
FS_INLINE f32x max(f32x a, f32x b) { return select(is_nan(a), a, max_raw(a, b)); }
FS_INLINE f32x min(f32x a, f32x b) { return select(is_nan(a), a, min_raw(a, b)); }
FS_INLINE f32x relu(f32x x) { return max_raw(zero(), x); }
// ONNX Clip: NaN in x stays NaN; lo > hi gives hi.
FS_INLINE f32x clip(f32x x, f32x lo, f32x hi) { return min_raw(hi, max_raw(lo, x)); }

FS_INLINE float hmax(f32x a) { return any(is_nan(a)) ? std::numeric_limits<float>::quiet_NaN() : hmax_raw(a); }
FS_INLINE float hmin(f32x a) { return any(is_nan(a)) ? std::numeric_limits<float>::quiet_NaN() : hmin_raw(a); }

// |magnitude| with the sign of `sign`.
FS_INLINE f32x copysign(f32x magnitude, f32x sign) {
  const i32x top = broadcast(std::numeric_limits<int32_t>::min());
  return from_bits(bit_or(bits(abs(magnitude)), bit_and(bits(sign), top)));
}
// ONNX Sign: -1, 0 or 1; NaN gives NaN.
FS_INLINE f32x sign(f32x a) { return select(gt(abs(a), zero()), copysign(broadcast(1.0f), a), mul(a, broadcast(1.0f))); }

// bf16 is the upper half of an f32.
FS_INLINE f32x load_bf16(const uint16_t* p) { return from_bits(shift_left(load_u16(p), 16)); }
template <class N>
FS_INLINE f32x load_bf16(const uint16_t* p, N n) {
  return from_bits(shift_left(load_u16(p, n), 16));
}
// The upper half after rounding half to even, in the low 16 bits. vcvtneps2bf16 is not used: it flushes denormals.
FS_INLINE i32x bf16_bits(f32x a) {
  const i32x u = bits(a);
  const i32x odd = bit_and(shift_right_logical(u, 16), broadcast(1));
  const i32x rounded = shift_right_logical(add(u, add(odd, broadcast(0x7fff))), 16);
  return select(is_nan(a), bit_or(shift_right_logical(u, 16), broadcast(0x40)), rounded);
}
FS_INLINE void store_bf16(uint16_t* p, f32x a) { store_low16(p, bf16_bits(a)); }
FS_INLINE void store_bf16(uint16_t* p, f32x a, int n) { store_low16(p, bf16_bits(a), n); }
FS_INLINE void store_bf16(uint16_t* p, f32x a, all_lanes) { store_low16(p, bf16_bits(a)); }
// The value rounded to bf16, as an f32.
FS_INLINE f32x round_to_bf16(f32x a) { return from_bits(shift_left(bf16_bits(a), 16)); }

// ONNX QuantizeLinear after division by the scale: round half to even, add the zero point, saturate. NaN becomes the lowest value (as in
// ONNX Runtime). Bounds are applied before the conversion, so that it cannot overflow.
FS_INLINE i32x quantize(f32x scaled, int32_t zero_point, int32_t lowest, int32_t highest) {
  const f32x lo = broadcast(static_cast<float>(lowest - zero_point)), hi = broadcast(static_cast<float>(highest - zero_point));
  return add(to_i32_round(min_raw(max_raw(scaled, lo), hi)), broadcast(zero_point));
}

// Past the caches, where the place has whole lines.
template <class N>
FS_INLINE void store_past(float* p, f32x a, N n) {
  if constexpr (std::is_same_v<N, all_lanes>)
    if (reinterpret_cast<uintptr_t>(p) % (f32_lanes * sizeof(float)) == 0) return stream(p, a);
  store(p, a, n);
}
FS_INLINE void store_past(float* p, f32x a) { store_past(p, a, all_lanes{}); }
// After it, other threads see what was stored past the caches, as they see everything else.
FS_INLINE void stream_end() {
#if defined(FS_SIMD_AVX512) || defined(FS_SIMD_AVX2)
  _mm_sfence();
#endif
}

FS_INLINE void prefetch(const void* p) { __builtin_prefetch(p); }
// Into the second-level cache only.
FS_INLINE void prefetch_l2(const void* p) { __builtin_prefetch(p, 0, 2); }
FS_INLINE void prefetch_to_write(const void* p) { __builtin_prefetch(p, 1, 3); }

}  // namespace fs

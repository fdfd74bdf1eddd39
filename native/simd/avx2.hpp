// AVX2 + FMA + F16C backend of simd.hpp: 8 lanes; f32 and i32 tails use vmaskmov, narrower ones go through a small buffer.
#pragma once

#include <immintrin.h>

namespace fs {

constexpr int f32_lanes = 8;
constexpr const char* simd_name = "avx2";

struct f32x {
  __m256 v;
};
struct i32x {
  __m256i v;
};
struct mask {
  __m256i v;  // all ones or all zeros per lane
};

FS_INLINE mask first_lanes(int n) { return {_mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0))}; }

// Memory
FS_INLINE f32x load(const float* p) { return {_mm256_loadu_ps(p)}; }
FS_INLINE f32x load(const float* p, int n) { return {_mm256_maskload_ps(p, first_lanes(n).v)}; }
FS_INLINE void store(float* p, f32x a) { _mm256_storeu_ps(p, a.v); }
FS_INLINE void store(float* p, f32x a, int n) { _mm256_maskstore_ps(p, first_lanes(n).v, a.v); }
FS_INLINE i32x load(const int32_t* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
FS_INLINE i32x load(const int32_t* p, int n) { return {_mm256_maskload_epi32(p, first_lanes(n).v)}; }
FS_INLINE void store(int32_t* p, i32x a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), a.v); }
FS_INLINE void store(int32_t* p, i32x a, int n) { _mm256_maskstore_epi32(p, first_lanes(n).v, a.v); }
FS_INLINE void stream(float* aligned32, f32x a) { _mm256_stream_ps(aligned32, a.v); }
FS_INLINE f32x gather(const float* base, i32x index) { return {_mm256_i32gather_ps(base, index.v, 4)}; }

FS_INLINE f32x broadcast(float a) { return {_mm256_set1_ps(a)}; }
FS_INLINE i32x broadcast(int32_t a) { return {_mm256_set1_epi32(a)}; }
FS_INLINE i32x iota() { return {_mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0)}; }

// f32 arithmetic
FS_INLINE f32x add(f32x a, f32x b) { return {_mm256_add_ps(a.v, b.v)}; }
FS_INLINE f32x sub(f32x a, f32x b) { return {_mm256_sub_ps(a.v, b.v)}; }
FS_INLINE f32x mul(f32x a, f32x b) { return {_mm256_mul_ps(a.v, b.v)}; }
FS_INLINE f32x div(f32x a, f32x b) { return {_mm256_div_ps(a.v, b.v)}; }
FS_INLINE f32x fma(f32x a, f32x b, f32x c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
FS_INLINE f32x fnma(f32x a, f32x b, f32x c) { return {_mm256_fnmadd_ps(a.v, b.v, c.v)}; }
FS_INLINE f32x max_raw(f32x a, f32x b) { return {_mm256_max_ps(a.v, b.v)}; }
FS_INLINE f32x min_raw(f32x a, f32x b) { return {_mm256_min_ps(a.v, b.v)}; }
FS_INLINE f32x abs(f32x a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.v)}; }
FS_INLINE f32x neg(f32x a) { return {_mm256_xor_ps(a.v, _mm256_set1_ps(-0.0f))}; }
FS_INLINE f32x sqrt(f32x a) { return {_mm256_sqrt_ps(a.v)}; }
FS_INLINE f32x floor(f32x a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
FS_INLINE f32x ceil(f32x a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)}; }
FS_INLINE f32x trunc(f32x a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)}; }
FS_INLINE f32x round_even(f32x a) { return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
// a * 2^n for integral n in [-252, 252] and a in [0.5, 2]: two exact power-of-two factors, so only a denormal result is rounded, once.
FS_INLINE f32x scale_by_power_of_2(f32x a, f32x n) {
  const __m256i e = _mm256_cvtps_epi32(n.v);
  const __m256i half = _mm256_srai_epi32(e, 1);
  const __m256i rest = _mm256_sub_epi32(e, half);
  const __m256i bias = _mm256_set1_epi32(127);
  const __m256 f1 = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
  const __m256 f2 = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, bias), 23));
  return {_mm256_mul_ps(_mm256_mul_ps(a.v, f1), f2)};
}

// i32 arithmetic (wraps)
FS_INLINE i32x add(i32x a, i32x b) { return {_mm256_add_epi32(a.v, b.v)}; }
FS_INLINE i32x sub(i32x a, i32x b) { return {_mm256_sub_epi32(a.v, b.v)}; }
FS_INLINE i32x mul(i32x a, i32x b) { return {_mm256_mullo_epi32(a.v, b.v)}; }
FS_INLINE i32x max(i32x a, i32x b) { return {_mm256_max_epi32(a.v, b.v)}; }
FS_INLINE i32x min(i32x a, i32x b) { return {_mm256_min_epi32(a.v, b.v)}; }
FS_INLINE i32x abs(i32x a) { return {_mm256_abs_epi32(a.v)}; }
FS_INLINE i32x bit_and(i32x a, i32x b) { return {_mm256_and_si256(a.v, b.v)}; }
FS_INLINE i32x bit_or(i32x a, i32x b) { return {_mm256_or_si256(a.v, b.v)}; }
FS_INLINE i32x bit_xor(i32x a, i32x b) { return {_mm256_xor_si256(a.v, b.v)}; }
FS_INLINE i32x shift_left(i32x a, int n) { return {_mm256_sll_epi32(a.v, _mm_cvtsi32_si128(n))}; }
FS_INLINE i32x shift_right(i32x a, int n) { return {_mm256_sra_epi32(a.v, _mm_cvtsi32_si128(n))}; }
FS_INLINE i32x shift_right_logical(i32x a, int n) { return {_mm256_srl_epi32(a.v, _mm_cvtsi32_si128(n))}; }

// Comparison and selection
template <int predicate>
FS_INLINE mask compare(f32x a, f32x b) {
  return {_mm256_castps_si256(_mm256_cmp_ps(a.v, b.v, predicate))};
}
FS_INLINE mask mask_not(mask a) { return {_mm256_xor_si256(a.v, _mm256_set1_epi32(-1))}; }
FS_INLINE mask lt(f32x a, f32x b) { return compare<_CMP_LT_OQ>(a, b); }
FS_INLINE mask le(f32x a, f32x b) { return compare<_CMP_LE_OQ>(a, b); }
FS_INLINE mask gt(f32x a, f32x b) { return compare<_CMP_GT_OQ>(a, b); }
FS_INLINE mask ge(f32x a, f32x b) { return compare<_CMP_GE_OQ>(a, b); }
FS_INLINE mask eq(f32x a, f32x b) { return compare<_CMP_EQ_OQ>(a, b); }
FS_INLINE mask ne(f32x a, f32x b) { return compare<_CMP_NEQ_UQ>(a, b); }
FS_INLINE mask is_nan(f32x a) { return compare<_CMP_UNORD_Q>(a, a); }
FS_INLINE mask gt(i32x a, i32x b) { return {_mm256_cmpgt_epi32(a.v, b.v)}; }
FS_INLINE mask lt(i32x a, i32x b) { return gt(b, a); }
FS_INLINE mask le(i32x a, i32x b) { return mask_not(gt(a, b)); }
FS_INLINE mask ge(i32x a, i32x b) { return mask_not(gt(b, a)); }
FS_INLINE mask eq(i32x a, i32x b) { return {_mm256_cmpeq_epi32(a.v, b.v)}; }
FS_INLINE mask ne(i32x a, i32x b) { return mask_not(eq(a, b)); }
FS_INLINE f32x select(mask m, f32x a, f32x b) { return {_mm256_blendv_ps(b.v, a.v, _mm256_castsi256_ps(m.v))}; }
FS_INLINE i32x select(mask m, i32x a, i32x b) { return {_mm256_blendv_epi8(b.v, a.v, m.v)}; }
FS_INLINE mask mask_and(mask a, mask b) { return {_mm256_and_si256(a.v, b.v)}; }
FS_INLINE mask mask_or(mask a, mask b) { return {_mm256_or_si256(a.v, b.v)}; }
FS_INLINE mask mask_xor(mask a, mask b) { return {_mm256_xor_si256(a.v, b.v)}; }
FS_INLINE bool any(mask a) { return _mm256_movemask_ps(_mm256_castsi256_ps(a.v)) != 0; }
FS_INLINE bool all(mask a) { return _mm256_movemask_ps(_mm256_castsi256_ps(a.v)) == 0xff; }

// Conversion
FS_INLINE f32x to_f32(i32x a) { return {_mm256_cvtepi32_ps(a.v)}; }
FS_INLINE i32x to_i32_round(f32x a) { return {_mm256_cvtps_epi32(a.v)}; }
FS_INLINE i32x to_i32_trunc(f32x a) { return {_mm256_cvttps_epi32(a.v)}; }
FS_INLINE i32x bits(f32x a) { return {_mm256_castps_si256(a.v)}; }
FS_INLINE f32x from_bits(i32x a) { return {_mm256_castsi256_ps(a.v)}; }

// The first n elements of a narrow array in a zeroed 16-byte register: narrow types have no masked load before AVX-512.
template <class T>
FS_INLINE __m128i load_narrow(const T* p, int n) {
  alignas(16) unsigned char buffer[16] = {};
  std::memcpy(buffer, p, static_cast<size_t>(n) * sizeof(T));
  return _mm_load_si128(reinterpret_cast<const __m128i*>(buffer));
}
template <class T>
FS_INLINE void store_narrow(T* p, __m128i v, int n) {
  alignas(16) unsigned char buffer[16];
  _mm_store_si128(reinterpret_cast<__m128i*>(buffer), v);
  std::memcpy(p, buffer, static_cast<size_t>(n) * sizeof(T));
}
FS_INLINE i32x load_u8(const uint8_t* p) { return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))}; }
FS_INLINE i32x load_u8(const uint8_t* p, int n) { return {_mm256_cvtepu8_epi32(load_narrow(p, n))}; }
FS_INLINE i32x load_s8(const int8_t* p) { return {_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))}; }
FS_INLINE i32x load_s8(const int8_t* p, int n) { return {_mm256_cvtepi8_epi32(load_narrow(p, n))}; }
FS_INLINE i32x load_u16(const uint16_t* p) { return {_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))}; }
FS_INLINE i32x load_u16(const uint16_t* p, int n) { return {_mm256_cvtepu16_epi32(load_narrow(p, n))}; }
FS_INLINE i32x load_s16(const int16_t* p) { return {_mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))}; }
FS_INLINE i32x load_s16(const int16_t* p, int n) { return {_mm256_cvtepi16_epi32(load_narrow(p, n))}; }
FS_INLINE __m128i low_half(__m256i a) { return _mm256_castsi256_si128(a); }
FS_INLINE __m128i high_half(__m256i a) { return _mm256_extracti128_si256(a, 1); }
FS_INLINE __m128i saturate_s16(i32x a) { return _mm_packs_epi32(low_half(a.v), high_half(a.v)); }
FS_INLINE __m128i saturate_u16(i32x a) { return _mm_packus_epi32(low_half(a.v), high_half(a.v)); }
FS_INLINE __m128i saturate_u8(i32x a) { return _mm_packus_epi16(saturate_s16(a), _mm_setzero_si128()); }
FS_INLINE __m128i saturate_s8(i32x a) { return _mm_packs_epi16(saturate_s16(a), _mm_setzero_si128()); }
FS_INLINE void store_u8(uint8_t* p, i32x a) { _mm_storel_epi64(reinterpret_cast<__m128i*>(p), saturate_u8(a)); }
FS_INLINE void store_u8(uint8_t* p, i32x a, int n) { store_narrow(p, saturate_u8(a), n); }
FS_INLINE void store_s8(int8_t* p, i32x a) { _mm_storel_epi64(reinterpret_cast<__m128i*>(p), saturate_s8(a)); }
FS_INLINE void store_s8(int8_t* p, i32x a, int n) { store_narrow(p, saturate_s8(a), n); }
FS_INLINE void store_u16(uint16_t* p, i32x a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), saturate_u16(a)); }
FS_INLINE void store_u16(uint16_t* p, i32x a, int n) { store_narrow(p, saturate_u16(a), n); }
FS_INLINE void store_s16(int16_t* p, i32x a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), saturate_s16(a)); }
FS_INLINE void store_s16(int16_t* p, i32x a, int n) { store_narrow(p, saturate_s16(a), n); }
// The low 8 bits of each lane, without saturation.
FS_INLINE i32x low8(i32x a) { return {_mm256_and_si256(a.v, _mm256_set1_epi32(0xff))}; }
FS_INLINE void store_low8(void* p, i32x a) { store_u8(static_cast<uint8_t*>(p), low8(a)); }
FS_INLINE void store_low8(void* p, i32x a, int n) { store_u8(static_cast<uint8_t*>(p), low8(a), n); }
// The low 16 bits of each lane, without saturation.
FS_INLINE __m128i low16(i32x a) {
  const __m256i low = _mm256_and_si256(a.v, _mm256_set1_epi32(0xffff));
  return _mm_packus_epi32(low_half(low), high_half(low));
}
FS_INLINE void store_low16(uint16_t* p, i32x a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), low16(a)); }
FS_INLINE void store_low16(uint16_t* p, i32x a, int n) { store_narrow(p, low16(a), n); }
FS_INLINE f32x load_f16(const uint16_t* p) { return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))}; }
FS_INLINE f32x load_f16(const uint16_t* p, int n) { return {_mm256_cvtph_ps(load_narrow(p, n))}; }
FS_INLINE __m128i to_f16(f32x a) { return _mm256_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
FS_INLINE void store_f16(uint16_t* p, f32x a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_f16(a)); }
FS_INLINE void store_f16(uint16_t* p, f32x a, int n) { store_narrow(p, to_f16(a), n); }
// One byte per lane, 0 or 1 (ONNX bool); any non-zero byte reads as true.
FS_INLINE mask load_bool(const uint8_t* p, int n) { return ne(load_u8(p, n), broadcast(0)); }
FS_INLINE void store_bool(uint8_t* p, mask m, int n) { store_u8(p, bit_and(i32x{m.v}, broadcast(1)), n); }

// Horizontal
FS_INLINE float hadd(f32x a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
FS_INLINE float hmax_raw(f32x a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
FS_INLINE float hmin_raw(f32x a) {
  __m128 s = _mm_min_ps(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
  s = _mm_min_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}
template <class F>
FS_INLINE int32_t reduce_i32(__m256i a, F f) {
  __m128i s = f(low_half(a), high_half(a));
  s = f(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(f(s, _mm_shuffle_epi32(s, 0xb1)));
}
FS_INLINE int32_t hadd(i32x a) {
  return reduce_i32(a.v, [](__m128i x, __m128i y) { return _mm_add_epi32(x, y); });
}
FS_INLINE int32_t hmax(i32x a) {
  return reduce_i32(a.v, [](__m128i x, __m128i y) { return _mm_max_epi32(x, y); });
}
FS_INLINE int32_t hmin(i32x a) {
  return reduce_i32(a.v, [](__m128i x, __m128i y) { return _mm_min_epi32(x, y); });
}

}  // namespace fs

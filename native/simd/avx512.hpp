// AVX-512 (F, BW, DQ, VL) backend of simd.hpp: 16 lanes; tails are k-masks, so a masked access never touches memory beyond its lanes.
#pragma once

#include <immintrin.h>

namespace fs {

constexpr int f32_lanes = 16;
constexpr const char* simd_name = "avx512";

struct f32x {
  __m512 v;
};
struct i32x {
  __m512i v;
};
struct mask {
  __mmask16 v;
};

FS_INLINE mask first_lanes(int n) { return {static_cast<__mmask16>((1u << n) - 1u)}; }

// Memory
FS_INLINE f32x load(const float* p) { return {_mm512_loadu_ps(p)}; }
FS_INLINE f32x load(const float* p, int n) { return {_mm512_maskz_loadu_ps(first_lanes(n).v, p)}; }
FS_INLINE void store(float* p, f32x a) { _mm512_storeu_ps(p, a.v); }
FS_INLINE void store(float* p, f32x a, int n) { _mm512_mask_storeu_ps(p, first_lanes(n).v, a.v); }
FS_INLINE i32x load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
FS_INLINE i32x load(const int32_t* p, int n) { return {_mm512_maskz_loadu_epi32(first_lanes(n).v, p)}; }
FS_INLINE void store(int32_t* p, i32x a) { _mm512_storeu_si512(p, a.v); }
FS_INLINE void store(int32_t* p, i32x a, int n) { _mm512_mask_storeu_epi32(p, first_lanes(n).v, a.v); }
FS_INLINE void stream(float* aligned64, f32x a) { _mm512_stream_ps(aligned64, a.v); }
FS_INLINE f32x gather(const float* base, i32x index) { return {_mm512_i32gather_ps(index.v, base, 4)}; }

FS_INLINE f32x broadcast(float a) { return {_mm512_set1_ps(a)}; }
FS_INLINE i32x broadcast(int32_t a) { return {_mm512_set1_epi32(a)}; }
FS_INLINE i32x iota() { return {_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)}; }

// f32 arithmetic
FS_INLINE f32x add(f32x a, f32x b) { return {_mm512_add_ps(a.v, b.v)}; }
FS_INLINE f32x sub(f32x a, f32x b) { return {_mm512_sub_ps(a.v, b.v)}; }
FS_INLINE f32x mul(f32x a, f32x b) { return {_mm512_mul_ps(a.v, b.v)}; }
FS_INLINE f32x div(f32x a, f32x b) { return {_mm512_div_ps(a.v, b.v)}; }
FS_INLINE f32x fma(f32x a, f32x b, f32x c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
FS_INLINE f32x fnma(f32x a, f32x b, f32x c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
FS_INLINE f32x max_raw(f32x a, f32x b) { return {_mm512_max_ps(a.v, b.v)}; }
FS_INLINE f32x min_raw(f32x a, f32x b) { return {_mm512_min_ps(a.v, b.v)}; }
FS_INLINE f32x abs(f32x a) { return {_mm512_abs_ps(a.v)}; }
FS_INLINE f32x neg(f32x a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-0.0f))}; }
FS_INLINE f32x sqrt(f32x a) { return {_mm512_sqrt_ps(a.v)}; }
FS_INLINE f32x floor(f32x a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
FS_INLINE f32x ceil(f32x a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)}; }
FS_INLINE f32x trunc(f32x a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC)}; }
FS_INLINE f32x round_even(f32x a) { return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
// a * 2^n with one rounding at the end (also into denormals); n must be integral.
FS_INLINE f32x scale_by_power_of_2(f32x a, f32x n) { return {_mm512_scalef_ps(a.v, n.v)}; }

// i32 arithmetic (wraps)
FS_INLINE i32x add(i32x a, i32x b) { return {_mm512_add_epi32(a.v, b.v)}; }
FS_INLINE i32x sub(i32x a, i32x b) { return {_mm512_sub_epi32(a.v, b.v)}; }
FS_INLINE i32x mul(i32x a, i32x b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
FS_INLINE i32x max(i32x a, i32x b) { return {_mm512_max_epi32(a.v, b.v)}; }
FS_INLINE i32x min(i32x a, i32x b) { return {_mm512_min_epi32(a.v, b.v)}; }
FS_INLINE i32x abs(i32x a) { return {_mm512_abs_epi32(a.v)}; }
FS_INLINE i32x bit_and(i32x a, i32x b) { return {_mm512_and_si512(a.v, b.v)}; }
FS_INLINE i32x bit_or(i32x a, i32x b) { return {_mm512_or_si512(a.v, b.v)}; }
FS_INLINE i32x bit_xor(i32x a, i32x b) { return {_mm512_xor_si512(a.v, b.v)}; }
FS_INLINE i32x shift_left(i32x a, int n) { return {_mm512_sll_epi32(a.v, _mm_cvtsi32_si128(n))}; }
FS_INLINE i32x shift_right(i32x a, int n) { return {_mm512_sra_epi32(a.v, _mm_cvtsi32_si128(n))}; }
FS_INLINE i32x shift_right_logical(i32x a, int n) { return {_mm512_srl_epi32(a.v, _mm_cvtsi32_si128(n))}; }

// Comparison and selection
FS_INLINE mask lt(f32x a, f32x b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
FS_INLINE mask le(f32x a, f32x b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
FS_INLINE mask gt(f32x a, f32x b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
FS_INLINE mask ge(f32x a, f32x b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)}; }
FS_INLINE mask eq(f32x a, f32x b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
FS_INLINE mask ne(f32x a, f32x b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_UQ)}; }
FS_INLINE mask is_nan(f32x a) { return {_mm512_cmp_ps_mask(a.v, a.v, _CMP_UNORD_Q)}; }
FS_INLINE mask lt(i32x a, i32x b) { return {_mm512_cmplt_epi32_mask(a.v, b.v)}; }
FS_INLINE mask le(i32x a, i32x b) { return {_mm512_cmple_epi32_mask(a.v, b.v)}; }
FS_INLINE mask gt(i32x a, i32x b) { return {_mm512_cmpgt_epi32_mask(a.v, b.v)}; }
FS_INLINE mask ge(i32x a, i32x b) { return {_mm512_cmpge_epi32_mask(a.v, b.v)}; }
FS_INLINE mask eq(i32x a, i32x b) { return {_mm512_cmpeq_epi32_mask(a.v, b.v)}; }
FS_INLINE mask ne(i32x a, i32x b) { return {_mm512_cmpneq_epi32_mask(a.v, b.v)}; }
FS_INLINE f32x select(mask m, f32x a, f32x b) { return {_mm512_mask_blend_ps(m.v, b.v, a.v)}; }
FS_INLINE i32x select(mask m, i32x a, i32x b) { return {_mm512_mask_blend_epi32(m.v, b.v, a.v)}; }
FS_INLINE mask mask_and(mask a, mask b) { return {static_cast<__mmask16>(a.v & b.v)}; }
FS_INLINE mask mask_or(mask a, mask b) { return {static_cast<__mmask16>(a.v | b.v)}; }
FS_INLINE mask mask_xor(mask a, mask b) { return {static_cast<__mmask16>(a.v ^ b.v)}; }
FS_INLINE mask mask_not(mask a) { return {static_cast<__mmask16>(~a.v)}; }
FS_INLINE bool any(mask a) { return a.v != 0; }
FS_INLINE bool all(mask a) { return a.v == 0xffff; }

// Conversion
FS_INLINE f32x to_f32(i32x a) { return {_mm512_cvtepi32_ps(a.v)}; }
FS_INLINE i32x to_i32_round(f32x a) { return {_mm512_cvtps_epi32(a.v)}; }
FS_INLINE i32x to_i32_trunc(f32x a) { return {_mm512_cvttps_epi32(a.v)}; }
FS_INLINE i32x bits(f32x a) { return {_mm512_castps_si512(a.v)}; }
FS_INLINE f32x from_bits(i32x a) { return {_mm512_castsi512_ps(a.v)}; }

FS_INLINE i32x load_u8(const uint8_t* p) { return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))}; }
FS_INLINE i32x load_u8(const uint8_t* p, int n) { return {_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first_lanes(n).v, p))}; }
FS_INLINE i32x load_s8(const int8_t* p) { return {_mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))}; }
FS_INLINE i32x load_s8(const int8_t* p, int n) { return {_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(first_lanes(n).v, p))}; }
FS_INLINE i32x load_u16(const uint16_t* p) { return {_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))}; }
FS_INLINE i32x load_u16(const uint16_t* p, int n) { return {_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first_lanes(n).v, p))}; }
FS_INLINE i32x load_s16(const int16_t* p) { return {_mm512_cvtepi16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))}; }
FS_INLINE i32x load_s16(const int16_t* p, int n) { return {_mm512_cvtepi16_epi32(_mm256_maskz_loadu_epi16(first_lanes(n).v, p))}; }
// vpmovusdb saturates unsigned, so negative lanes are raised to 0 first.
FS_INLINE __m512i not_negative(i32x a) { return _mm512_max_epi32(a.v, _mm512_setzero_si512()); }
FS_INLINE void store_u8(uint8_t* p, i32x a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtusepi32_epi8(not_negative(a))); }
FS_INLINE void store_u8(uint8_t* p, i32x a, int n) { _mm512_mask_cvtusepi32_storeu_epi8(p, first_lanes(n).v, not_negative(a)); }
FS_INLINE void store_s8(int8_t* p, i32x a) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtsepi32_epi8(a.v)); }
FS_INLINE void store_s8(int8_t* p, i32x a, int n) { _mm512_mask_cvtsepi32_storeu_epi8(p, first_lanes(n).v, a.v); }
FS_INLINE void store_u16(uint16_t* p, i32x a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtusepi32_epi16(not_negative(a)));
}
FS_INLINE void store_u16(uint16_t* p, i32x a, int n) { _mm512_mask_cvtusepi32_storeu_epi16(p, first_lanes(n).v, not_negative(a)); }
FS_INLINE void store_s16(int16_t* p, i32x a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtsepi32_epi16(a.v)); }
FS_INLINE void store_s16(int16_t* p, i32x a, int n) { _mm512_mask_cvtsepi32_storeu_epi16(p, first_lanes(n).v, a.v); }
// The low 8 bits of each lane, without saturation.
FS_INLINE void store_low8(void* p, i32x a) { _mm_storeu_si128(static_cast<__m128i*>(p), _mm512_cvtepi32_epi8(a.v)); }
FS_INLINE void store_low8(void* p, i32x a, int n) { _mm512_mask_cvtepi32_storeu_epi8(p, first_lanes(n).v, a.v); }
// The low 16 bits of each lane, without saturation.
FS_INLINE void store_low16(uint16_t* p, i32x a) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtepi32_epi16(a.v)); }
FS_INLINE void store_low16(uint16_t* p, i32x a, int n) { _mm512_mask_cvtepi32_storeu_epi16(p, first_lanes(n).v, a.v); }
FS_INLINE f32x load_f16(const uint16_t* p) { return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))}; }
FS_INLINE f32x load_f16(const uint16_t* p, int n) { return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n).v, p))}; }
FS_INLINE void store_f16(uint16_t* p, f32x a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
FS_INLINE void store_f16(uint16_t* p, f32x a, int n) {
  _mm256_mask_storeu_epi16(p, first_lanes(n).v, _mm512_cvtps_ph(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
// One byte per lane, 0 or 1 (ONNX bool); any non-zero byte reads as true.
FS_INLINE mask load_bool(const uint8_t* p, int n) {
  const __m128i bytes = _mm_maskz_loadu_epi8(first_lanes(n).v, p);
  return {_mm_test_epi8_mask(bytes, bytes)};
}
FS_INLINE void store_bool(uint8_t* p, mask m, int n) { _mm_mask_storeu_epi8(p, first_lanes(n).v, _mm_maskz_set1_epi8(m.v, 1)); }

// Horizontal
FS_INLINE float hadd(f32x a) { return _mm512_reduce_add_ps(a.v); }
FS_INLINE float hmax_raw(f32x a) { return _mm512_reduce_max_ps(a.v); }
FS_INLINE float hmin_raw(f32x a) { return _mm512_reduce_min_ps(a.v); }
FS_INLINE int32_t hadd(i32x a) { return _mm512_reduce_add_epi32(a.v); }
FS_INLINE int32_t hmax(i32x a) { return _mm512_reduce_max_epi32(a.v); }
FS_INLINE int32_t hmin(i32x a) { return _mm512_reduce_min_epi32(a.v); }

}  // namespace fs

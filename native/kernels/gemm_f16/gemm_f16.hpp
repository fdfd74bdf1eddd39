// f16 block GEMM: epi(C = init + A * B) with f16 weights (uint16_t), f16 or f32 rows of A, and f32 sums.
//
// Contract (scalar meaning in gemm_f16_ref.hpp)
//   gemm_f16<MR, NV>(m, n, k, a, b, init, epi)     a: a_rows{const uint16_t* or const float*, lda}; b: b_panels{const uint16_t*, k} made by
//   pack_b<NR> or pack_b_transposed<NR> of f16 elements (gemm_f32/pack.hpp)
//   acc(i, j) = init(i, j) + sum over p < k of a(i, p) * b(p, j), then epi(i, j, f32x acc, lanes). Sizes, init and epi as in gemm_f32.
//   - Elements are widened as they are read, sums are f32 in the order of gemm_f32: the result is that of gemm_f32 on the widened operands.
//     AVX512_FP16's own arithmetic rounds each sum to 11 bits, which no caller wants; of it the conversions are used, which broadcast from
//     memory.
#pragma once

#include "../gemm_f32/pack.hpp"

namespace fs {

FS_INLINE f32x broadcast_f16(const uint16_t* p) {
#if defined(FS_SIMD_AVX512) && defined(__AVX512FP16__)
  f32x a;
  asm("vcvtph2psx {%1%{1to16%}, %0|%0, %1%{1to16%}}" : "=v"(a.v) : "m"(*p));
  return a;
#elif defined(FS_SIMD_AVX512)
  return {_mm512_cvtph_ps(_mm256_set1_epi16(static_cast<int16_t>(*p)))};
#elif defined(FS_SIMD_AVX2)
  return {_mm256_cvtph_ps(_mm_set1_epi16(static_cast<int16_t>(*p)))};
#else
  return {f16_to_f32(*p)};
#endif
}

struct f16_arithmetic : f32_arithmetic {
  static FS_INLINE f32x broadcast_a(const float* p) { return broadcast(*p); }
  static FS_INLINE f32x broadcast_a(const uint16_t* p) { return broadcast_f16(p); }
  template <class Lanes>
  static FS_INLINE f32x load_b(const uint16_t* p, Lanes) {
    return load_f16(p);  // panels are padded: always whole vectors
  }
};

template <int MR = gemm_f32_mr, int NV = gemm_f32_nv, class M, class N, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_f16(M m, N n, K k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm<f16_arithmetic, MR, NV>(m, n, k, a, b, init, epi);
}

}  // namespace fs

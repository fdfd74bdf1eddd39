// bf16 block GEMM: epi(C = init + A * B) with bf16 operands (uint16_t) and f32 sums.
//
// Contract (scalar meaning in gemm_bf16_ref.hpp)
//   gemm_bf16<MR, NV>(m, n, k, a, b, init, epi)     a: a_rows{const uint16_t*, lda}; b: b_panels{const uint16_t*, k} made by pack_b_bf16
//   (pack.hpp) acc(i, j) = init(i, j) + sum over p < k of a(i, p) * b(p, j), then epi(i, j, f32x acc, lanes). Sizes, init and epi as in
//   gemm_f32 (gemm_zero, gemm_from, gemm_store); k need not be even.
//   - Products are exact in f32; sums are rounded to f32. With AVX512_BF16 one vdpbf16ps adds two products per lane, takes denormal
//   operands and results
//     as 0 and does not round intermediate sums; elsewhere two fma do. So the last bits depend on the instruction set.
#pragma once

#include "../gemm_f32/gemm_f32.hpp"

namespace fs {

#if defined(FS_SIMD_AVX512) && defined(__AVX512BF16__)
constexpr int gemm_bf16_mr = 14, gemm_bf16_nv = 2;
#elif defined(FS_SIMD_AVX512)
constexpr int gemm_bf16_mr = 12, gemm_bf16_nv = 2;
#elif defined(FS_SIMD_AVX2)
constexpr int gemm_bf16_mr = 4, gemm_bf16_nv = 2;
#else
constexpr int gemm_bf16_mr = 4, gemm_bf16_nv = 4;
#endif
constexpr int gemm_bf16_nr = gemm_bf16_nv * f32_lanes;

struct bf16_arithmetic {
  static constexpr int group = 2;
  using acc = f32x;
  static FS_INLINE f32x zero() { return fs::zero(); }
#if defined(FS_SIMD_AVX512) && defined(__AVX512BF16__)
  using a_group = i32x;
  using b_vector = i32x;
  static FS_INLINE a_group spread(int32_t two) { return broadcast(two); }
  static FS_INLINE b_vector split(i32x b) { return b; }
  static FS_INLINE acc multiply_add(a_group a, b_vector b, acc c) {
#if defined(FS_DOT_INTRINSICS)
    c.v = _mm512_dpbf16_ps(c.v, reinterpret_cast<__m512bh>(a.v), reinterpret_cast<__m512bh>(b.v));
#else
    asm("vdpbf16ps {%2, %1, %0|%0, %1, %2}" : "+v"(c.v) : "v"(a.v), "v"(b.v));  // as assembly: see gemm_u8s8.hpp
#endif
    return c;
  }
#else
  struct pair {
    f32x even, odd;
  };
  using a_group = pair;
  using b_vector = pair;
  static FS_INLINE a_group spread(int32_t two) { return split(broadcast(two)); }
  static FS_INLINE b_vector split(i32x b) {
    return {from_bits(shift_left(b, 16)), from_bits(bit_and(b, broadcast(static_cast<int32_t>(0xffff0000u))))};
  }
  static FS_INLINE acc multiply_add(a_group a, b_vector b, acc c) { return fma(a.odd, b.odd, fma(a.even, b.even, c)); }
#endif
  static FS_INLINE a_group broadcast_a(const uint16_t* p) {
    int32_t two;
    std::memcpy(&two, p, 4);
    return spread(two);
  }
  // The last element of a row of odd length.
  static FS_INLINE a_group broadcast_a_part(const uint16_t* p, int) { return spread(*p); }
  template <class Lanes>
  static FS_INLINE b_vector load_b(const uint16_t* p, Lanes) {
    return split(load(reinterpret_cast<const int32_t*>(p)));  // panels are padded: always whole vectors
  }
};

template <int MR = gemm_bf16_mr, int NV = gemm_bf16_nv, class M, class N, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_bf16(M m, N n, K k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm<bf16_arithmetic, MR, NV>(m, n, k, a, b, init, epi);
}

}  // namespace fs

// f32 block GEMM: epi(C = init + A * B), the tile loop below the compiler's cache blocking.
//
// Contract (scalar meaning in gemm_f32_ref.hpp)
//   gemm_f32<MR, NV>(m, n, k, a, b, init, epi)
//   For every row i < m and column j < n:  acc(i, j) = init(i, j) + sum over p < k of a(i, p) * b(p, j),  then epi(i, j, acc).
//   - m, n: int64_t, or fixed<N>{} when known at compile time: then only the tile sizes that occur are instantiated (build time!). k:
//   either.
//   - a: a_rows{p, lda} row-major (lda may be fixed<N>: best addressing), or a_panels<MR>{p, k}: [m/MR][k][MR], made by pack_a<MR>.
//   - b: b_panels{p, k}: column panels [n/NR][k][NR], zero padded, made by pack_b / pack_b_transposed; or b_rows{p, ldb}: row-major, not
//   padded.
//   - init(row, col, lanes) -> f32x: start value of the f32_lanes (or fewer) columns from col. gemm_zero{}: 0. gemm_from{p, ld}: a partial
//   f32 C.
//   - epi(row, col, f32x acc, lanes): called once per row and vector of columns, rows inside a tile in order; lanes is all_lanes{} or an
//   int.
//     gemm_store{p, ld} stores it. Pass a generic lambda `[&](int64_t row, int64_t col, fs::f32x x, auto lanes) { ... }` for bias,
//     activation, ...
//     and_ahead<For>(p, rows, width, pitch, epi): epi, and memory brought near for what comes next.
//   - MR rows and NV vectors of columns per register tile; NR = NV * f32_lanes. Defaults per instruction set: gemm_f32_mr, gemm_f32_nv.
//   - Buffers: any alignment (64-byte aligned panels are faster); nothing beyond the m x k, k x n (padded for panels) and m x n extents is
//   touched.
//   - The sum runs over p in order, one fma each, in pieces of 128 where k is long (small tiles: several interleaved partial sums), so
//   results do not depend on threads.
//   - k = 0 is allowed (acc = init).
//
// Register budget: MR * NV accumulators + NV for B + 1 broadcast of A. AVX-512 has 32 registers: 14 x 2 + 2 + 1 = 31; AVX2 16: 6 x 2 + 2 +
// 1 = 15. Per step of k an AVX-512 tile does 28 fma and 16 loads: fma-bound both with one (Zen 4: 1 per cycle) and two (server cores: 2 per
// cycle) 512-bit pipes.
#pragma once

#include "../gemm/tile.hpp"

namespace fs {

#if defined(FS_SIMD_AVX512)
constexpr int gemm_f32_mr = 14, gemm_f32_nv = 2;
#elif defined(FS_SIMD_AVX2)
constexpr int gemm_f32_mr = 6, gemm_f32_nv = 2;
#else
constexpr int gemm_f32_mr = 4, gemm_f32_nv = 4;
#endif
constexpr int gemm_f32_nr = gemm_f32_nv * f32_lanes;

struct f32_arithmetic {
  static constexpr int group = 1;
  // Products that are summed up in one chain.
  static constexpr int piece = 128;
  using acc = f32x;
  using b_vector = f32x;
  static FS_INLINE f32x zero() { return fs::zero(); }
  static FS_INLINE f32x broadcast_a(const float* p) { return broadcast(*p); }
  template <class Lanes>
  static FS_INLINE f32x load_b(const float* p, Lanes lanes) {
    return load(p, lanes);
  }
  static FS_INLINE f32x multiply_add(f32x a, f32x b, f32x c) { return fma(a, b, c); }
};

struct gemm_zero {
  template <class Lanes>
  FS_INLINE f32x operator()(int64_t, int64_t, Lanes) const {
    return zero();
  }
};
struct gemm_from {
  const float* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE f32x operator()(int64_t row, int64_t col, Lanes lanes) const {
    return load(p + row * ld + col, lanes);
  }
};
struct gemm_store {
  float* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE void operator()(int64_t row, int64_t col, f32x x, Lanes lanes) const {
    store(p + row * ld + col, x, lanes);
  }
};

template <int MR = gemm_f32_mr, int NV = gemm_f32_nv, class M, class N, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_f32(M m, N n, K k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm<f32_arithmetic, MR, NV>(m, n, k, a, b, init, epi);
}

}  // namespace fs

// Skinny f32 GEMM for outputs with fewer columns than a vector: each element is a dot product along k.
//
//   gemm_f32_dot(m, n, k, a, lda, bt, ldbt, epi)
//   acc(i, j) = sum over p < k of a[i * lda + p] * bt[j * ldbt + p]: both operands contiguous along k (B transposed, n x k).
//   epi(row, col, f32x acc, int lanes) as in gemm_f32; lanes <= f32_lanes. Same scalar meaning; sums are taken lane-wise, then across.
// Tiles of up to 4 rows (3 with 16 registers) by 4 columns keep their sums in registers (4 x 4: 8 loads for 16 fma).
#pragma once

#include "gemm_f32.hpp"

namespace fs {

#if defined(FS_SIMD_AVX512)
constexpr int gemm_f32_dot_mr = 4;
#else
constexpr int gemm_f32_dot_mr = 3;
#endif

template <int R, int C>
FS_INLINE void gemm_f32_dot_tile(int64_t k, const float* a, int64_t lda, const float* bt, int64_t ldbt, float* out, int64_t out_ld) {
  f32x acc[R][C];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int c = 0; c < C; c++) acc[r][c] = zero();
  const auto step = [&](int64_t p, auto lanes) __attribute__((always_inline)) {
    f32x av[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) av[r] = load(a + r * lda + p, lanes);
#pragma GCC unroll 4
    for (int c = 0; c < C; c++) {
      const f32x bv = load(bt + c * ldbt + p, lanes);
#pragma GCC unroll 4
      for (int r = 0; r < R; r++) acc[r][c] = fma(av[r], bv, acc[r][c]);
    }
  };
  int64_t p = 0;
  for (; p + f32_lanes <= k; p += f32_lanes) step(p, all_lanes{});
  if (p < k) step(p, static_cast<int>(k - p));
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int c = 0; c < C; c++) out[r * out_ld + c] = hadd(acc[r][c]);
}

template <int R, class Epi>
FS_INLINE void gemm_f32_dot_rows(int64_t n, int64_t k, const float* a, int64_t lda, const float* bt, int64_t ldbt, int64_t row,
                                 const Epi& epi) {
  alignas(64) float out[R][16];
  for (int64_t col = 0; col < n; col += f32_lanes) {
    const int lanes = static_cast<int>(n - col < f32_lanes ? n - col : f32_lanes);
    int c = 0;
    for (; c + 4 <= lanes; c += 4) gemm_f32_dot_tile<R, 4>(k, a, lda, bt + (col + c) * ldbt, ldbt, &out[0][c], 16);
    for (; c < lanes; c++) gemm_f32_dot_tile<R, 1>(k, a, lda, bt + (col + c) * ldbt, ldbt, &out[0][c], 16);
    for (int r = 0; r < R; r++) epi(row + r, col, load(out[r], lanes), lanes);
  }
}

template <class Epi>
__attribute__((noinline)) void gemm_f32_dot(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* bt, int64_t ldbt,
                                            const Epi& epi) {
  int64_t row = 0;
  for (; row + gemm_f32_dot_mr <= m; row += gemm_f32_dot_mr)
    gemm_f32_dot_rows<gemm_f32_dot_mr>(n, k, a + row * lda, lda, bt, ldbt, row, epi);
  for (; row < m; row++) gemm_f32_dot_rows<1>(n, k, a + row * lda, lda, bt, ldbt, row, epi);
}

}  // namespace fs

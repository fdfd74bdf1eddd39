// Block GEMM of f32 with weights of 4 bits: epi(C = A * B).
//
// Contract (scalar meaning in gemm_i4_ref.hpp)
//   gemm_f32_i4(m, n, k, a, b, epi)    a: a_rows{const float*, lda}; b: b_i4 made by pack_b_i4 (layout.hpp)
//   acc(i, j) = sum over p < k of a(i, p) * (q(p, j) - zero) * scale, then epi(i, j, f32x acc, lanes), as in gemm_f32.
//   - Up to i4_direct_rows rows: weights are decoded in registers, sums of a block are scaled once (that is bound by how fast B comes in).
//     With more rows: stretches of a panel are decoded to f32 on the stack (about 50 KB in all) and shared by 8 register tiles of gemm_f32.
//   - Sums are f32, block by block along k.
#pragma once

#include "layout.hpp"

namespace fs {

#if defined(FS_SIMD_AVX512)
constexpr int i4_direct_rows = 4, i4_chains = 2;
#else
constexpr int i4_direct_rows = 2, i4_chains = 1;
#endif

// R rows by one panel of V vectors; the last block of k may be shorter.
template <int R, int V, bool Zeros, class A, class Epi>
__attribute__((noinline)) void gemm_i4_tile(A a, const uint8_t* weights, const float* scales, const uint8_t* zeros, int64_t k, int64_t row,
                                            int64_t col, int64_t width, const Epi& epi) {
  // Two chains of sums hide the latency of the multiply-add, as far as there are registers.
  constexpr int NR = V * f32_lanes, U = Zeros && R > 3 ? 1 : i4_chains;
  f32x acc[R][V];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[r][v] = zero();
  for (int64_t p0 = 0; p0 < k; p0 += i4_block, weights += NR * 16, scales += NR) {
    f32x part[U][R][V], less[V];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      if constexpr (Zeros) less[v] = i4_zero(zeros + v * f32_lanes);
#pragma GCC unroll 4
      for (int r = 0; r < R; r++)
#pragma GCC unroll 2
        for (int u = 0; u < U; u++) part[u][r][v] = zero();
    }
    const auto eight = [&](int64_t c, f32x(&sum)[R][V], int many) __attribute__((always_inline)) {
      i32x lanes[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) lanes[v] = load(reinterpret_cast<const int32_t*>(weights + (c * NR + v * f32_lanes) * 4));
#pragma GCC unroll 8
      for (int i = 0; i < 8; i++) {
        if (i >= many) break;
        f32x w[V];
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) {
          w[v] = i4_value(lanes[v], i4_shift(i));
          if constexpr (Zeros) w[v] = sub(w[v], less[v]);
        }
#pragma GCC unroll 4
        for (int r = 0; r < R; r++) {
          const f32x x = broadcast(*a.template at<1>(r, p0 + c * 8 + i));
#pragma GCC unroll 4
          for (int v = 0; v < V; v++) sum[r][v] = fma(x, w[v], sum[r][v]);
        }
      }
    };
    if (k - p0 >= i4_block) {
      for (int64_t c = 0; c < 4; c += U) {
        eight(c, part[0], 8);
        if constexpr (U == 2) eight(c + 1, part[U - 1], 8);
      }
    } else {
      for (int64_t c = 0; c * 8 < k - p0; c++) eight(c, part[0], static_cast<int>(k - p0 - c * 8 < 8 ? k - p0 - c * 8 : 8));
    }
    if constexpr (Zeros) zeros += NR;
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const f32x scale = load(scales + v * f32_lanes);
#pragma GCC unroll 4
      for (int r = 0; r < R; r++) acc[r][v] = fma(U == 2 ? add(part[0][r][v], part[U - 1][r][v]) : part[0][r][v], scale, acc[r][v]);
    }
  }
  finish_i4<R, V>(acc, row, col, width, epi);
}

// `depth` steps of k of a panel as f32, [depth][NR]; weights, scales and zeros from a block's start on.
template <int V>
inline void decode_i4(float* to, const uint8_t* weights, const float* scales, const uint8_t* zeros, int64_t depth) {
  constexpr int NR = V * f32_lanes;
  for (int64_t p0 = 0; p0 < depth; p0 += i4_block, weights += NR * 16, scales += NR) {
    for (int v = 0; v < V; v++) {
      const f32x scale = load(scales + v * f32_lanes), less = zeros == nullptr ? zero() : i4_zero(zeros + v * f32_lanes);
      for (int64_t c = 0; c < 4 && p0 + c * 8 < depth; c++) {
        const i32x lanes = load(reinterpret_cast<const int32_t*>(weights + (c * NR + v * f32_lanes) * 4));
#pragma GCC unroll 8
        for (int i = 0; i < 8; i++)
          if (p0 + c * 8 + i < depth)
            store(to + (p0 + c * 8 + i) * NR + v * f32_lanes, mul(sub(i4_value(lanes, i4_shift(i)), less), scale));
      }
    }
    if (zeros != nullptr) zeros += NR;
  }
}

template <class A, class Epi>
__attribute__((noinline)) void gemm_i4_decoded(int64_t m, int64_t n, int64_t k, const A& a, const b_i4& b, const Epi& epi) {
  constexpr int V = gemm_f32_nv, NR = gemm_f32_nr;
  constexpr int64_t stretch = 256, block_rows = 8 * gemm_f32_mr;
  const int64_t blocks = i4_blocks(b.k);
  alignas(64) float panel[stretch * NR];
  alignas(64) float partial[block_rows * NR];
  for (int64_t col = 0; col < n; col += NR) {
    const int64_t width = n - col < NR ? n - col : NR, first = col / NR * blocks;
    for (int64_t row = 0; row < m; row += block_rows) {
      const int64_t rows = m - row < block_rows ? m - row : block_rows;
      for (int64_t p = 0; p < k; p += stretch) {
        const int64_t depth = k - p < stretch ? k - p : stretch, at = (first + p / i4_block) * NR;
        decode_i4<V>(panel, b.weights + at * 16, b.scales + at, b.zeros == nullptr ? nullptr : b.zeros + at, depth);
        const a_rows left{a.template at<1>(0, p) + row * static_cast<int64_t>(a.ld), a.ld};
        const b_panels<float> right{panel, depth};
        const auto init = [&](int64_t r, int64_t c, auto lanes) { return p == 0 ? zero() : load(partial + r * NR + c, lanes); };
        if (p + stretch < k)
          gemm_f32(rows, width, depth, left, right, init, gemm_store{partial, NR});
        else
          gemm_f32(rows, width, depth, left, right, init,
                   [&](int64_t r, int64_t c, f32x acc, auto lanes) __attribute__((always_inline)) { epi(row + r, col + c, acc, lanes); });
      }
    }
  }
}

template <int R, class A, class Epi>
FS_INLINE void gemm_i4_rows(int64_t rows, int64_t n, int64_t k, const A& a, const b_i4& b, int64_t row, const Epi& epi) {
  if constexpr (R > 0) {
    if (rows != R) return gemm_i4_rows<R - 1>(rows, n, k, a, b, row, epi);
    constexpr int V = gemm_f32_nv, NR = gemm_f32_nr;
    for (int64_t col = 0; col < n; col += NR) {
      const int64_t at = col / NR * i4_blocks(b.k) * NR;
      if (b.zeros == nullptr)
        gemm_i4_tile<R, V, false>(a, b.weights + at * 16, b.scales + at, nullptr, k, row, col, n - col, epi);
      else
        gemm_i4_tile<R, V, true>(a, b.weights + at * 16, b.scales + at, b.zeros + at, k, row, col, n - col, epi);
    }
  }
}

template <class A, class Epi>
inline void gemm_f32_i4(int64_t m, int64_t n, int64_t k, const A& a, const b_i4& b, const Epi& epi) {
  if (m <= i4_direct_rows)
    gemm_i4_rows<i4_direct_rows>(m, n, k, a, b, 0, epi);
  else
    gemm_i4_decoded(m, n, k, a, b, epi);
}

}  // namespace fs

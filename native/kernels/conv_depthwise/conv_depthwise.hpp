// f32 convolution of one channel with one kernel of its own (a depthwise convolution is this for each channel): no copy of the plane, zeros
// around it come from masks.
//
// Contract (scalar meaning in conv_depthwise_ref.hpp)
//   conv_depthwise<KH, KW, S>(x, w, bias, g, epi)
//   For every output row i < g.out_rows and column j < g.out_columns:
//     acc(i, j) = bias + sum over ky < KH, kx < KW of w[ky * KW + kx] * x(i * S + ky - g.top, j * S + kx - g.left), 0 outside of x,
//   then epi(i, j, f32x acc, lanes), once for each row and vector of columns; lanes is all_lanes{} or an int.
//   - x: g.rows x g.columns, dense; w: KH x KW, dense. Strides S 1 or 2.
//   - The sum runs over ky, then kx, one fma each. Rows outside of x are left out: their products would be 0 (or NaN, if a weight is not
//     finite).
//   - Nothing outside of x and w is touched.
//
// A tile is 4 rows (2 with stride 2) by one vector: a vector of x is loaded once for all rows of the tile that it belongs to.
#pragma once

#include "../gemm/tile.hpp"

namespace fs {

struct depthwise_geometry {
  int64_t rows, columns, top, left, out_rows, out_columns;
};

// Lanes i of row[at + i] that lie in [0, columns), the others 0.
FS_INLINE f32x load_window(const float* row, int64_t at, int64_t columns) {
#if defined(FS_SIMD_AVX512)
  const int64_t before = at < 0 ? -at : 0, end = columns - at;
  const uint32_t below = end <= 0 ? 0u : end >= 16 ? 0xffffu : (1u << end) - 1u, above = before >= 16 ? 0u : 0xffffu << before;
  return {_mm512_maskz_loadu_ps(static_cast<__mmask16>(below & above),
                                reinterpret_cast<const float*>(reinterpret_cast<uintptr_t>(row) + static_cast<uintptr_t>(at * 4)))};
#elif defined(FS_SIMD_AVX2)
  const int64_t far = 1 << 20;
  const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  const int first = static_cast<int>(at < 0 ? (-at < far ? -at : far) : 0),
            end = static_cast<int>(columns - at < far ? (columns > at ? columns - at : 0) : far);
  const __m256i inside =
      _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(first), lane), _mm256_cmpgt_epi32(_mm256_set1_epi32(end), lane));
  return {_mm256_maskload_ps(reinterpret_cast<const float*>(reinterpret_cast<uintptr_t>(row) + static_cast<uintptr_t>(at * 4)), inside)};
#else
  return {at >= 0 && at < columns ? row[at] : 0.0f};
#endif
}

// Every S-th element from row[at] on, a vector of them. Whole: all of them lie in the row.
template <int S, bool Whole>
FS_INLINE f32x load_steps(const float* row, int64_t at, int64_t columns) {
  static_assert(S == 1 || S == 2, "strides of 1 and 2");
  const auto part = [&](int64_t from) __attribute__((always_inline)) { return Whole ? load(row + from) : load_window(row, from, columns); };
  if constexpr (S == 1 || f32_lanes == 1) {
    return part(at);
  } else {
    const f32x a = part(at), b = part(at + f32_lanes);
#if defined(FS_SIMD_AVX512)
    const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    return {_mm512_permutex2var_ps(a.v, even, b.v)};
#elif defined(FS_SIMD_AVX2)
    const __m256 pairs = _mm256_shuffle_ps(a.v, b.v, 0x88);
    return {_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(pairs), 0xd8))};
#else
    return a;
#endif
  }
}

// R output rows from `row`, one vector of columns from `col`, at an edge.
template <int KH, int KW, int S, int R, class Epi, class Lanes>
FS_INLINE void depthwise_tile(const float* x, const float* w, float bias, const depthwise_geometry& g, int64_t row, int64_t col,
                              const Epi& epi, Lanes lanes) {
  f32x acc[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) acc[r] = broadcast(bias);
  const int64_t y0 = row * S - g.top, x0 = col * S - g.left;
#pragma GCC unroll 16
  for (int y = 0; y < (R - 1) * S + KH; y++) {
    if (y0 + y < 0 || y0 + y >= g.rows) continue;
    const float* const from = x + (y0 + y) * g.columns;
#pragma GCC unroll 8
    for (int k = 0; k < KW; k++) {
      const f32x v = load_steps<S, false>(from, x0 + k, g.columns);
#pragma GCC unroll 4
      for (int r = 0; r < R; r++)
        if (y >= r * S && y < r * S + KH) acc[r] = fma(broadcast(w[(y - r * S) * KW + k]), v, acc[r]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) epi(row + r, col, acc[r], lanes);
}

// The vectors of columns [from, to) of R output rows whose taps all lie in x: no test and no mask. `x` is at the first tap of column 0.
template <int KH, int KW, int S, int R, class Epi>
__attribute__((noinline)) void depthwise_inside(const float* x, int64_t pitch, const float* w, float bias, int64_t row, int64_t from,
                                                int64_t to, const Epi& epi) {
  for (int64_t col = from; col < to; col += f32_lanes) {
    f32x acc[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) acc[r] = broadcast(bias);
    const float* line = x + col * S;
#pragma GCC unroll 16
    for (int y = 0; y < (R - 1) * S + KH; y++, line += pitch) {
#pragma GCC unroll 8
      for (int k = 0; k < KW; k++) {
        const f32x v = load_steps<S, true>(line, k, 0);
#pragma GCC unroll 4
        for (int r = 0; r < R; r++)
          if (y >= r * S && y < r * S + KH) acc[r] = fma(broadcast(w[(y - r * S) * KW + k]), v, acc[r]);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) epi(row + r, col, acc[r], all_lanes{});
  }
}

// R output rows: vectors at the edges one by one, those between them in one loop.
template <int KH, int KW, int S, int R, class Epi>
__attribute__((noinline)) void depthwise_rows(const float* x, const float* w, float bias, const depthwise_geometry& g, int64_t row,
                                              const Epi& epi) {
  const int64_t y0 = row * S - g.top;
  const bool rows_inside = y0 >= 0 && y0 + (R - 1) * S + KH <= g.rows;
  const auto inside = [&](int64_t col) {
    const int64_t first = col * S - g.left;
    return rows_inside && first >= 0 && first + KW - 1 + S * f32_lanes <= g.columns && g.out_columns - col >= f32_lanes;
  };
  for (int64_t col = 0; col < g.out_columns;) {
    int64_t end = col;
    while (end < g.out_columns && inside(end)) end += f32_lanes;
    if (end > col) {
      depthwise_inside<KH, KW, S, R>(x + y0 * g.columns - g.left, g.columns, w, bias, row, col, end, epi);
      col = end;
      continue;
    }
    if (g.out_columns - col >= f32_lanes)
      depthwise_tile<KH, KW, S, R>(x, w, bias, g, row, col, epi, all_lanes{});
    else
      depthwise_tile<KH, KW, S, R>(x, w, bias, g, row, col, epi, static_cast<int>(g.out_columns - col));
    col += f32_lanes;
  }
}

template <int KH, int KW, int S, class Epi>
inline void conv_depthwise(const float* x, const float* w, const float* bias, const depthwise_geometry& g, const Epi& epi) {
  constexpr int R = S == 1 ? 4 : 2;
  const float b = bias == nullptr ? 0.0f : *bias;
  int64_t row = 0;
  for (; row + R <= g.out_rows; row += R) depthwise_rows<KH, KW, S, R>(x, w, b, g, row, epi);
  for (; row < g.out_rows; row++) depthwise_rows<KH, KW, S, 1>(x, w, b, g, row, epi);
}

}  // namespace fs

// As gemm_f32_i4 with A rounded to 8 bits, block by block along k: the products are those of bytes, four per lane and instruction.
//
//   quantise_rows_i8(q, scales, sums, a, lda, m, k)   q: m x (k rounded up to 32) bytes; scales, sums: m x blocks
//     each block of 32: scale = largest magnitude / 127, q = round(a / scale) half to even, sums = sum of q. A block of zeros has scale 0;
//     one with an infinity or NaN has scale NaN, so that its row becomes NaN.
//   gemm_i8_i4(m, n, a, b, epi)    a: a_i8_blocks{q, scales, sums, k}; b: b_i4 (layout.hpp)
//     acc(i, j) = sum over blocks of scaleA * scaleB * (sum over the block of qa * qb - zero * suma); the inner sums are exact.
#pragma once

#include "layout.hpp"

namespace fs {

struct a_i8_blocks {
  const int8_t* q;
  const float* scales;
  const int32_t* sums;
  int64_t k;
};

inline void quantise_rows_i8(int8_t* q, float* scales, int32_t* sums, const float* a, int64_t lda, int64_t m, int64_t k) {
  const int64_t blocks = i4_blocks(k);
  for (int64_t i = 0; i < m; i++)
    for (int64_t block = 0; block < blocks; block++) {
      const float* const from = a + i * lda + block * i4_block;
      int8_t* const to = q + (i * blocks + block) * i4_block;
      const int64_t depth = k - block * i4_block < i4_block ? k - block * i4_block : i4_block;
      const auto lanes_at = [&](int64_t p) { return static_cast<int>(depth - p <= 0 ? 0 : depth - p < f32_lanes ? depth - p : f32_lanes); };
      f32x largest = zero();
      for (int64_t p = 0; p < i4_block; p += f32_lanes) largest = max(abs(load(from + (lanes_at(p) == 0 ? 0 : p), lanes_at(p))), largest);
      const float top = hmax(largest);
      const float scale = top <= std::numeric_limits<float>::max() ? top / 127.0f : std::numeric_limits<float>::quiet_NaN();
      // Where 127 / top is beyond the largest number, the elements are divided instead.
      const bool tiny = scale < 1.17549435e-38f;
      const f32x by = broadcast(tiny || scale != scale ? 0.0f : 1.0f / scale), divisor = broadcast(scale > 0 ? scale : 1.0f);
      i32x sum = broadcast(int32_t{0});
      for (int64_t p = 0; p < i4_block; p += f32_lanes) {
        const f32x x = load(from + (lanes_at(p) == 0 ? 0 : p), lanes_at(p));
        const f32x scaled = tiny ? div(x, divisor) : mul(x, by);
        const i32x r = to_i32_round(min_raw(broadcast(127.0f), max_raw(broadcast(-127.0f), select(is_nan(scaled), zero(), scaled))));
        store_s8(to + p, r, f32_lanes);
        sum = add(sum, r);
      }
      scales[i * blocks + block] = scale;
      sums[i * blocks + block] = hadd(sum);
    }
}

// c + sum over the four bytes of each lane, w unsigned (0..15), a signed. With 4-bit weights no 16-bit sum can overflow.
FS_INLINE i32x dot_i4(i32x w, i32x a, i32x c) {
#if defined(FS_SIMD_AVX512) && defined(__AVX512VNNI__)
  asm("vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+v"(c.v) : "v"(w.v), "v"(a.v));  // as assembly: see gemm_u8s8.hpp
  return c;
#elif defined(FS_SIMD_AVX512)
  return {_mm512_add_epi32(c.v, _mm512_madd_epi16(_mm512_maddubs_epi16(w.v, a.v), _mm512_set1_epi16(1)))};
#elif defined(FS_SIMD_AVX2)
  return {_mm256_add_epi32(c.v, _mm256_madd_epi16(_mm256_maddubs_epi16(w.v, a.v), _mm256_set1_epi16(1)))};
#else
  for (int i = 0; i < 4; i++) c.v += static_cast<uint8_t>(w.v >> 8 * i) * static_cast<int8_t>(a.v >> 8 * i);
  return c;
#endif
}

// Rows of a tile, and how much of a block is written out: with 16 registers, less.
#if defined(FS_SIMD_AVX512)
constexpr int i8_i4_rows = 4, i8_i4_unroll = 4;
#else
constexpr int i8_i4_rows = 1, i8_i4_unroll = 1;
#endif

template <int R, int V, bool Zeros, class Epi>
__attribute__((noinline)) void gemm_i8_i4_tile(const a_i8_blocks& a, const uint8_t* weights, const float* scales, const uint8_t* zeros,
                                               int64_t row, int64_t col, int64_t width, const Epi& epi) {
  constexpr int NR = V * f32_lanes;
  const int64_t blocks = i4_blocks(a.k);
  const i32x low = broadcast(0x0f0f0f0f);
  f32x acc[R][V];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[r][v] = zero();
  const int8_t* q = a.q + row * blocks * i4_block;
  const float* a_scales = a.scales + row * blocks;
  const int32_t* a_sums = a.sums + row * blocks;
  for (const int8_t* const end = q + blocks * i4_block; q != end; q += i4_block, a_scales++, a_sums++, weights += NR * 16, scales += NR) {
    i32x sum[R][V];
#pragma GCC unroll 4
    for (int r = 0; r < R; r++)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sum[r][v] = broadcast(int32_t{0});
#pragma GCC unroll i8_i4_unroll
    for (int64_t c = 0; c < 4; c++) {
      i32x head[V], tail[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        const i32x lanes = load(reinterpret_cast<const int32_t*>(weights + (c * NR + v * f32_lanes) * 4));
        head[v] = bit_and(lanes, low);
        tail[v] = bit_and(shift_right_logical(lanes, 4), low);
      }
#pragma GCC unroll 4
      for (int r = 0; r < R; r++) {
        const int8_t* const eight = q + r * blocks * i4_block + c * 8;
        int32_t front, back;
        std::memcpy(&front, eight, 4);
        std::memcpy(&back, eight + 4, 4);
        const i32x x = broadcast(front), y = broadcast(back);
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) sum[r][v] = dot_i4(tail[v], y, dot_i4(head[v], x, sum[r][v]));
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const f32x scale = load(scales + v * f32_lanes);
      const f32x zero_point = Zeros ? to_f32(load_u8(zeros + v * f32_lanes)) : broadcast(8.0f);
#pragma GCC unroll 4
      for (int r = 0; r < R; r++) {
        // Both terms are whole numbers below 2^24: exact.
        const f32x exact = fnma(zero_point, broadcast(static_cast<float>(a_sums[r * blocks])), to_f32(sum[r][v]));
        acc[r][v] = fma(mul(exact, broadcast(a_scales[r * blocks])), scale, acc[r][v]);
      }
    }
    if constexpr (Zeros) zeros += NR;
  }
  finish_i4<R, V>(acc, row, col, width, epi);
}

template <class Epi>
inline void gemm_i8_i4(int64_t m, int64_t n, const a_i8_blocks& a, const b_i4& b, const Epi& epi) {
  constexpr int V = gemm_f32_nv, NR = gemm_f32_nr, R = i8_i4_rows;
  const auto tile = [&](auto rows, int64_t row, int64_t col) {
    constexpr int height = static_cast<int>(decltype(rows)::value);
    const int64_t at = col / NR * i4_blocks(b.k) * NR;
    if (b.zeros == nullptr)
      gemm_i8_i4_tile<height, V, false>(a, b.weights + at * 16, b.scales + at, nullptr, row, col, n - col, epi);
    else
      gemm_i8_i4_tile<height, V, true>(a, b.weights + at * 16, b.scales + at, b.zeros + at, row, col, n - col, epi);
  };
  for (int64_t col = 0; col < n; col += NR) {
    int64_t row = 0;
    for (; row + R <= m; row += R) tile(fixed<R>{}, row, col);
    with_rows<R - 1>(m - row, [&](auto rows) { tile(rows, row, col); });
  }
}

}  // namespace fs

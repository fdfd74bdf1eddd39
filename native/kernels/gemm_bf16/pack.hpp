// Packing for gemm_bf16: B into column panels [n/NR][ceil(k/2)][NR][2], zero padded, and A into rows of bf16. From f32 values are rounded
// to nearest, ties to even (NaN stays NaN, denormals are kept). Works on a range of panels, so that threads can share the work: panels
// [first, last) are written, others untouched.
#pragma once

#include "../transpose/transpose.hpp"
#include "gemm_bf16.hpp"

namespace fs {

// Elements (of 2 bytes) of packed B.
constexpr int64_t packed_b_bf16_size(int64_t k, int64_t n, int64_t nr = gemm_bf16_nr) { return round_up(n, nr) * round_up(k, 2); }

// The bits of bf16 elements in the low halves of 32-bit lanes.
template <class Lanes>
FS_INLINE i32x load_bf16_bits(const float* p, Lanes lanes) {
  return bf16_bits(load(p, lanes));
}
template <class Lanes>
FS_INLINE i32x load_bf16_bits(const uint16_t* p, Lanes lanes) {
  return load_u16(p, lanes);
}

// src: k x n f32 or bf16, row-major with row stride ld: rounded and paired along k on the way.
template <int NR = gemm_bf16_nr, class T>
inline void pack_b_bf16_rows(uint16_t* dst, const T* src, int64_t ld, int64_t k, int64_t n, int64_t first, int64_t last) {
  const int64_t groups = round_up(k, 2) / 2;
  for (int64_t j = first; j < last; j++)
    for (int64_t g = 0; g < groups; g++)
      for (int v = 0; v < NR; v += f32_lanes) {
        const int64_t left = n - j * NR - v;
        int32_t* const to = reinterpret_cast<int32_t*>(dst + ((j * groups + g) * NR + v) * 2);
        const T* const from = src + 2 * g * ld + j * NR + v;
        const auto pairs = [&](auto lanes) __attribute__((always_inline)) {
          const i32x even = load_bf16_bits(from, lanes);
          const i32x odd = 2 * g + 1 < k ? load_bf16_bits(from + ld, lanes) : broadcast(int32_t{0});
          store(to, bit_or(even, shift_left(odd, 16)));
        };
        if (left >= f32_lanes)
          pairs(all_lanes{});
        else if (left > 0)
          pairs(static_cast<int>(left));
        else
          store(to, broadcast(int32_t{0}));
      }
}

// src: n x k f32 or bf16, row-major with row stride ld. A pair is one 32-bit element: what remains is a transposition of those.
template <int NR = gemm_bf16_nr, class T>
inline void pack_b_bf16_transposed(uint16_t* dst, const T* src, int64_t ld, int64_t k, int64_t n, int64_t first, int64_t last) {
  constexpr bool narrow = std::is_same_v<T, uint16_t>;
  if (narrow && k % 2 == 0 && ld % 2 == 0)
    return transpose_into_panels<NR>(reinterpret_cast<float*>(dst), reinterpret_cast<const float*>(src), ld / 2, k / 2, n, first, last);
  // A stretch of k at a time goes through rows of bf16 that stay in L1.
  constexpr int64_t stretch = 128;
  const int64_t groups = round_up(k, 2) / 2;
  alignas(64) uint16_t rows[NR][stretch];
  for (int64_t j = first; j < last; j++) {
    const int64_t width = n - j * NR < NR ? n - j * NR : NR;
    for (int64_t p0 = 0; p0 < k; p0 += stretch) {
      const int64_t depth = k - p0 < stretch ? k - p0 : stretch;
      for (int64_t c = 0; c < width; c++) {
        const T* const from = src + (j * NR + c) * ld + p0;
        int64_t p = 0;
        for (; p + f32_lanes <= depth; p += f32_lanes) store_low16(&rows[c][p], load_bf16_bits(from + p, all_lanes{}));
        if (p < depth) store_low16(&rows[c][p], load_bf16_bits(from + p, static_cast<int>(depth - p)), static_cast<int>(depth - p));
        if (depth % 2 != 0) rows[c][depth] = 0;
      }
      transpose_into_panels<NR>(reinterpret_cast<float*>(dst) + (j * groups + p0 / 2) * NR, reinterpret_cast<const float*>(&rows[0][0]),
                                stretch / 2, (depth + 1) / 2, width, 0, 1);
    }
  }
}

// src(p, c) at src[p * k_stride + c * n_stride], as bf16 or as f32.
template <int NR = gemm_bf16_nr, class T>
inline void pack_b_bf16(uint16_t* dst, const T* src, int64_t k_stride, int64_t n_stride, int64_t k, int64_t n, int64_t first,
                        int64_t last) {
  if (n_stride == 1) return pack_b_bf16_rows<NR>(dst, src, k_stride, k, n, first, last);
  if (k_stride == 1) return pack_b_bf16_transposed<NR>(dst, src, n_stride, k, n, first, last);
  const int64_t groups = round_up(k, 2) / 2;
  const auto at = [&](int64_t p, int64_t c) -> uint16_t {
    if (p >= k || c >= n) return 0;
    const T x = src[p * k_stride + c * n_stride];
    if constexpr (std::is_same_v<T, float>)
      return f32_to_bf16(x);
    else
      return x;
  };
  for (int64_t j = first; j < last; j++)
    for (int64_t p = 0; p < 2 * groups; p++)
      for (int64_t c = 0; c < NR; c++) dst[((j * groups + p / 2) * NR + c) * 2 + p % 2] = at(p, j * NR + c);
}

// Rows of f32 as rows of bf16: m x k, row strides lds and ldd.
inline void pack_a_bf16(uint16_t* dst, int64_t ldd, const float* src, int64_t lds, int64_t m, int64_t k) {
  for (int64_t i = 0; i < m; i++) {
    const float* const from = src + i * lds;
    uint16_t* const to = dst + i * ldd;
    int64_t p = 0;
    for (; p + f32_lanes <= k; p += f32_lanes) store_bf16(to + p, load(from + p));
    if (p < k) store_bf16(to + p, load(from + p, static_cast<int>(k - p)), static_cast<int>(k - p));
  }
}

}  // namespace fs

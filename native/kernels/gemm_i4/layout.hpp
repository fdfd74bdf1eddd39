// Weights of 4 bits in blocks of 32 along k, as the kernels of this folder read them. From the layout of ONNX Runtime's MatMulNBits:
// quantised B (n x blocks x 16 bytes, two weights a byte, the lower half first), a scale for every block and, optionally, a zero point of 4
// bits (without: 8). A weight is (q - zero) * scale.
//
//   weights  [n/NR][blocks][4][NR][4]   a 32-bit lane per column holds eight weights: byte i the weights k = i (low) and k = i + 4 (high)
//   scales   [n/NR][blocks][NR]         f32
//   zeros    [n/NR][blocks][NR]         bytes
//
// Columns past n have scale 0. k need not be a multiple of 32: weights past it are 0, and kernels do not read A there.
#pragma once

#include "../gemm_f32/gemm_f32.hpp"

namespace fs {

constexpr int i4_block = 32;
constexpr int64_t i4_blocks(int64_t k) { return (k + i4_block - 1) / i4_block; }
constexpr int64_t packed_i4_weights(int64_t k, int64_t n, int64_t nr = gemm_f32_nr) { return round_up(n, nr) * i4_blocks(k) * 16; }
constexpr int64_t packed_i4_scales(int64_t k, int64_t n, int64_t nr = gemm_f32_nr) { return round_up(n, nr) * i4_blocks(k); }

// Packed B, k steps deep. zeros may be null: 8 everywhere.
struct b_i4 {
  const uint8_t* weights;
  const float* scales;
  const uint8_t* zeros;
  int64_t k;
};

// Hands the sums of a tile to the epilogue: `width` columns of the matrix are left from `col` on.
template <int R, int V, class Epi>
FS_INLINE void finish_i4(const f32x (&acc)[R][V], int64_t row, int64_t col, int64_t width, const Epi& epi) {
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const int64_t left = width - v * f32_lanes;
      if (left >= f32_lanes)
        epi(row + r, col + v * f32_lanes, acc[r][v], all_lanes{});
      else if (left > 0)
        epi(row + r, col + v * f32_lanes, acc[r][v], static_cast<int>(left));
    }
}

FS_INLINE float i4_scale(float s) { return s; }
FS_INLINE float i4_scale(uint16_t s) { return f16_to_f32(s); }

// b: n x blocks x 16 bytes; scales: n x blocks, f32 or f16; zeros: n x ceil(blocks / 2) bytes, or null (then nothing is written to
// to_zeros). Writes panels [first, last).
template <int NR = gemm_f32_nr, class S>
inline void pack_b_i4(uint8_t* to, float* to_scales, uint8_t* to_zeros, const uint8_t* b, const S* scales, const uint8_t* zeros, int64_t k,
                      int64_t n, int64_t first, int64_t last) {
  const int64_t blocks = i4_blocks(k);
  for (int64_t j = first; j < last; j++)
    for (int64_t block = 0; block < blocks; block++) {
      const int64_t at = (j * blocks + block) * NR;
      uint8_t* const lanes = to + at * 16;
      std::memset(lanes, 0, NR * 16);
      for (int64_t c = 0; c < NR; c++) {
        const int64_t column = j * NR + c;
        const bool inside = column < n;
        to_scales[at + c] = inside ? i4_scale(scales[column * blocks + block]) : 0.0f;
        if (zeros != nullptr)
          to_zeros[at + c] =
              inside ? static_cast<uint8_t>(zeros[column * ((blocks + 1) / 2) + block / 2] >> 4 * (block % 2) & 15) : uint8_t{0};
        if (!inside) continue;
        const uint8_t* const from = b + (column * blocks + block) * 16;
        for (int64_t p = 0; p < i4_block && block * i4_block + p < k; p++) {
          const int weight = from[p / 2] >> 4 * (p % 2) & 15;
          lanes[(p / 8 * NR + c) * 4 + p % 4] |= static_cast<uint8_t>(weight << 4 * (p / 4 % 2));
        }
      }
    }
}

// Bits from which weight p of 8 starts in a lane.
constexpr int i4_shift(int p) { return p % 4 * 8 + p / 4 * 4; }

// The weight at a shift, less 8, as f32.
FS_INLINE f32x i4_value(i32x lanes, int shift) {
#if defined(FS_SIMD_AVX512)
  // The permutation looks at the lowest four bits of each lane only.
  const __m512 table = _mm512_set_ps(7, 6, 5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5, -6, -7, -8);
  return {_mm512_permutexvar_ps(_mm512_srli_epi32(lanes.v, static_cast<unsigned>(shift)), table)};
#else
  return sub(to_f32(bit_and(shift_right_logical(lanes, shift), broadcast(15))), broadcast(8.0f));
#endif
}

// What to take off weights less 8.
FS_INLINE f32x i4_zero(const uint8_t* zeros) { return sub(to_f32(load_u8(zeros)), broadcast(8.0f)); }

}  // namespace fs

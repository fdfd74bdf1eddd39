// Transposition of 32-bit elements, one square of transpose_side x transpose_side at a time: what packing a transposed operand needs (K of
// attention, a weight with transB). A group of two bf16 or four int8 values along k is one 32-bit element too, so the bf16 and int8 panels
// come from the same network.
//
//   transpose_block(src, ld, rows, cols, dst, ldd): dst[c * ldd + r] = src[r * ld + c] for r < rows, c < cols; rows and cols in [0,
//   transpose_side]. Each written row of dst has transpose_side elements: those of r >= rows are zero. Nothing beyond rows x cols of src is
//   read, nor beyond cols rows of dst written.
//   transpose(src, ld, rows, cols, dst, ldd): any sizes, exactly rows x cols elements read and written. Whole lines of 64 bytes of dst are
//   written at once, and lines of src used up at once: at strides of a power of two neither would stay in a cache until the rest is needed.
#pragma once

#include "../../simd/simd.hpp"

namespace fs {

// Side of the square, on every x86 vector backend: with 16 rows of a power-of-two stride the lines of one square would fall out of L1 (8 to
// 12 ways) before they are used up, and 256-bit shuffles are as fast per byte.
#if defined(FS_SIMD_AVX512) || defined(FS_SIMD_AVX2)
constexpr int transpose_side = 8;
using transpose_row = __m256;
FS_INLINE __m256 transpose_load(const float* p) { return _mm256_loadu_ps(p); }
FS_INLINE void transpose_store(float* p, __m256 r) { _mm256_storeu_ps(p, r); }
#if defined(FS_SIMD_AVX512)
FS_INLINE __m256 transpose_load(const float* p, int n) { return _mm256_maskz_loadu_ps(static_cast<__mmask8>((1u << n) - 1u), p); }
#else
FS_INLINE __m256 transpose_load(const float* p, int n) { return load(p, n).v; }
#endif
FS_INLINE __m256 transpose_zero() { return _mm256_setzero_ps(); }
// Pairs of rows, pairs of pairs within 128-bit lanes, then the lanes themselves.
FS_INLINE void transpose_square(__m256 (&r)[8]) {
  __m256 t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    r[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
    t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) r[i] = t[i];
}
#else
constexpr int transpose_side = 1;
using transpose_row = float;
FS_INLINE float transpose_load(const float* p) { return *p; }
FS_INLINE float transpose_load(const float* p, int n) { return n > 0 ? *p : 0.0f; }
FS_INLINE void transpose_store(float* p, float r) { *p = r; }
FS_INLINE float transpose_zero() { return 0; }
FS_INLINE void transpose_square(float (&)[1]) {}
#endif

inline void transpose_block(const float* src, int64_t ld, int rows, int cols, float* dst, int64_t ldd) {
  transpose_row r[transpose_side];
  if (rows == transpose_side && cols == transpose_side) {
#pragma GCC unroll 16
    for (int i = 0; i < transpose_side; i++) r[i] = transpose_load(src + i * ld);
    transpose_square(r);
#pragma GCC unroll 16
    for (int i = 0; i < transpose_side; i++) transpose_store(dst + i * ldd, r[i]);
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < transpose_side; i++) r[i] = i < rows ? transpose_load(src + i * ld, cols) : transpose_zero();
  transpose_square(r);
#pragma GCC unroll 16
  for (int i = 0; i < transpose_side; i++)
    if (i < cols) transpose_store(dst + i * ldd, r[i]);
}

#if defined(FS_SIMD_AVX512)
// As transpose_square, of 16 rows; the lanes of 128 bits in two steps.
FS_INLINE void transpose_square(__m512 (&r)[16]) {
  __m512 t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm512_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm512_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm512_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
  // Lane l of r[4 * i + j] holds column 4 * l + j of rows 4 * i ... 4 * i + 3.
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const __m512 a = _mm512_shuffle_f32x4(r[j], r[4 + j], 0x88), b = _mm512_shuffle_f32x4(r[j], r[4 + j], 0xdd);
    const __m512 c = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0x88), d = _mm512_shuffle_f32x4(r[8 + j], r[12 + j], 0xdd);
    t[j] = _mm512_shuffle_f32x4(a, c, 0x88);
    t[4 + j] = _mm512_shuffle_f32x4(b, d, 0x88);
    t[8 + j] = _mm512_shuffle_f32x4(a, c, 0xdd);
    t[12 + j] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) r[i] = t[i];
}

constexpr int transpose_tile = 16;
// One tile of dst, at most transpose_tile in both directions.
FS_INLINE void transpose_lines(const float* src, int64_t ld, int rows, int cols, float* dst, int64_t ldd) {
  __m512 r[16];
  if (rows == 16 && cols == 16) {
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) r[i] = _mm512_loadu_ps(src + i * ld);
    transpose_square(r);
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) _mm512_storeu_ps(dst + i * ldd, r[i]);
    return;
  }
  const __mmask16 across = static_cast<__mmask16>((1u << cols) - 1u), down = static_cast<__mmask16>((1u << rows) - 1u);
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) r[i] = i < rows ? _mm512_maskz_loadu_ps(across, src + i * ld) : _mm512_setzero_ps();
  transpose_square(r);
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++)
    if (i < cols) _mm512_mask_storeu_ps(dst + i * ldd, down, r[i]);
}
#else
constexpr int transpose_tile = 2 * transpose_side;
FS_INLINE void transpose_lines(const float* src, int64_t ld, int rows, int cols, float* dst, int64_t ldd) {
  for (int c = 0; c < cols; c += transpose_side)
    for (int r = 0; r < rows; r += transpose_side) {
      const int height = rows - r < transpose_side ? rows - r : transpose_side, width = cols - c < transpose_side ? cols - c : transpose_side;
      if (height == transpose_side) {
        transpose_block(src + r * ld + c, ld, height, width, dst + c * ldd + r, ldd);
      } else {
        for (int j = c; j < c + width; j++)
          for (int i = r; i < r + height; i++) dst[j * ldd + i] = src[i * ld + j];
      }
    }
}
#endif

inline void transpose(const float* src, int64_t ld, int64_t rows, int64_t cols, float* dst, int64_t ldd) {
  for (int64_t c = 0; c < cols; c += transpose_tile)
    for (int64_t r = 0; r < rows; r += transpose_tile) {
      const int height = static_cast<int>(rows - r < transpose_tile ? rows - r : transpose_tile),
                width = static_cast<int>(cols - c < transpose_tile ? cols - c : transpose_tile);
      transpose_lines(src + r * ld + c, ld, height, width, dst + c * ldd + r, ldd);
    }
}

// Column panels of NR (a multiple of transpose_side) from a transposed source, n x steps 32-bit elements with row stride ld:
// [n/NR][steps][NR], zero padded. Writes panels [first, last).
template <int NR>
inline void transpose_into_panels(float* dst, const float* src, int64_t ld, int64_t steps, int64_t n, int64_t first, int64_t last) {
  static_assert(NR % transpose_side == 0, "a panel is a whole number of squares");
  for (int64_t j = first; j < last; j++)
    for (int c = 0; c < NR; c += transpose_side) {
      const int64_t left = n - j * NR - c;
      const int rows = static_cast<int>(left < 0 ? 0 : left < transpose_side ? left : transpose_side);
      // Along the rows inside: each source line is used up while it is in L1, even where all rows fall into the same cache set.
      for (int64_t p = 0; p < steps; p += transpose_side) {
        const int depth = static_cast<int>(steps - p < transpose_side ? steps - p : transpose_side);
        transpose_block(src + (j * NR + c) * ld + p, ld, rows, depth, dst + (j * steps + p) * NR + c, NR);
      }
    }
}

}  // namespace fs

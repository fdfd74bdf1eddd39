// int8 block GEMM: epi(C = init + A * B) with u8 A, s8 B and exact 32-bit sums.
//
// Contract (scalar meaning in gemm_u8s8_ref.hpp)
//   gemm_u8s8<MR, NV>(m, n, k, a, b, init, epi)     a: a_rows{const uint8_t*, lda}; b: b_panels{const int8_t*, k} made by pack_b_u8s8
//   acc(i, j) = init(i, j) + sum over p < k of a(i, p) * b(p, j) in int32, then epi(i, j, i32x acc, lanes). Sizes as in gemm_f32; k need
//   not be a multiple of 4.
//   - init(row, col, lanes) -> i32x: igemm_zero{}, or igemm_columns{v}: v[col] for every row, where zero-point compensation goes.
//   - Quantised A with zero point za: sum (a - za) b = acc - za * colsum(b), so init = igemm_columns of -za * colsum (pack_b_u8s8 gives
//   colsum).
//   - s8 A: gemm_s8s8 does the same with A - read as A + 128 - so init must also hold -128 * colsum.
//   - Exact for k <= 2^16 (255 * 128 * 2^16 < 2^31); beyond, sums wrap.
//
// With AVX512_VNNI one vpdpbusd does four products per lane. Elsewhere bytes are widened to 16 bits and paired with pmaddwd: vpmaddubsw
// would saturate.
#pragma once

#include "../gemm/tile.hpp"
#include "../transpose/transpose.hpp"

namespace fs {

#if defined(FS_SIMD_AVX512) && defined(__AVX512VNNI__)
#define FS_GEMM_VNNI 1
constexpr int gemm_u8s8_mr = 14, gemm_u8s8_nv = 2;
#elif defined(FS_SIMD_AVX512)
constexpr int gemm_u8s8_mr = 8, gemm_u8s8_nv = 2;
#elif defined(FS_SIMD_AVX2)
constexpr int gemm_u8s8_mr = 8, gemm_u8s8_nv = 1;
#else
constexpr int gemm_u8s8_mr = 4, gemm_u8s8_nv = 4;
#endif
constexpr int gemm_u8s8_nr = gemm_u8s8_nv * f32_lanes;

// Flip = 0x80808080 reads signed bytes as value + 128.
template <int32_t Flip>
struct i8_arithmetic {
  static constexpr int group = 4;
  using acc = i32x;
  static FS_INLINE i32x zero() { return broadcast(int32_t{0}); }
#if defined(FS_GEMM_VNNI)
  using a_group = i32x;
  using b_vector = i32x;
  static FS_INLINE a_group spread(int32_t four) { return broadcast(four ^ Flip); }
  static FS_INLINE b_vector split(i32x b) { return b; }
  static FS_INLINE acc multiply_add(a_group a, b_vector b, acc c) {
#if defined(FS_DOT_INTRINSICS)
    c.v = _mm512_dpbusd_epi32(c.v, a.v, b.v);
#else
    // As assembly: docs/decisions/0002-compiler-and-form.md. In both dialects, because listings are made with -masm=intel.
    asm("vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+v"(c.v) : "v"(a.v), "v"(b.v));
#endif
    return c;
  }
#elif defined(FS_SIMD_AVX512) || defined(FS_SIMD_AVX2)
  // Even and odd bytes of each lane as two 16-bit values.
  struct pair {
    i32x even, odd;
  };
  using a_group = pair;
  using b_vector = pair;
  static FS_INLINE a_group spread(int32_t four) {
    // Broadcast from memory first: taken apart in a general register, both halves would have to be moved over.
    const i32x v = Flip == 0 ? broadcast(four) : bit_xor(broadcast(four), broadcast(Flip));
    return {bit_and(v, broadcast(0x00ff00ff)), high_bytes(v)};
  }
#if defined(FS_SIMD_AVX512)
  static FS_INLINE i32x high_bytes(i32x a) { return {_mm512_srli_epi16(a.v, 8)}; }
  static FS_INLINE b_vector split(i32x b) { return {{_mm512_srai_epi16(_mm512_slli_epi16(b.v, 8), 8)}, {_mm512_srai_epi16(b.v, 8)}}; }
#else
  static FS_INLINE i32x high_bytes(i32x a) { return {_mm256_srli_epi16(a.v, 8)}; }
  static FS_INLINE b_vector split(i32x b) { return {{_mm256_srai_epi16(_mm256_slli_epi16(b.v, 8), 8)}, {_mm256_srai_epi16(b.v, 8)}}; }
#endif
  // As one piece of assembly: left to itself, g++ 12 makes the products of several rows first and has no registers for them.
  static FS_INLINE acc multiply_add(a_group a, b_vector b, acc c) {
    decltype(c.v) t;
    asm("vpmaddwd {%3, %2, %1|%1, %2, %3}\n\tvpaddd {%1, %0, %0|%0, %0, %1}\n\tvpmaddwd {%5, %4, %1|%1, %4, %5}\n\tvpaddd {%1, %0, %0|%0, "
        "%0, %1}"
        : "+v"(c.v), "=&v"(t)
        : "v"(a.even.v), "v"(b.even.v), "v"(a.odd.v), "v"(b.odd.v));
    return c;
  }
#else
  using a_group = i32x;
  using b_vector = i32x;
  static FS_INLINE a_group spread(int32_t four) { return {four ^ Flip}; }
  static FS_INLINE b_vector split(i32x b) { return b; }
  static FS_INLINE acc multiply_add(a_group a, b_vector b, acc c) {
    for (int i = 0; i < 4; i++) c.v += static_cast<uint8_t>(a.v >> 8 * i) * static_cast<int8_t>(b.v >> 8 * i);
    return c;
  }
#endif
  template <class T>
  static FS_INLINE a_group broadcast_a(const T* p) {
    int32_t four;
    std::memcpy(&four, p, 4);
    return spread(four);
  }
  // The last 1 to 3 elements of a row; B is zero where A has none.
  template <class T>
  static FS_INLINE a_group broadcast_a_part(const T* p, int count) {
    int32_t four = 0;
    for (int i = 0; i < count; i++) four |= static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint8_t>(p[i])) << 8 * i);
    return spread(four);
  }
  template <class Lanes>
  static FS_INLINE b_vector load_b(const int8_t* p, Lanes) {
    return split(load(reinterpret_cast<const int32_t*>(p)));  // panels are padded: always whole vectors
  }
};

struct igemm_zero {
  template <class Lanes>
  FS_INLINE i32x operator()(int64_t, int64_t, Lanes) const {
    return broadcast(int32_t{0});
  }
};
struct igemm_columns {
  const int32_t* p;
  template <class Lanes>
  FS_INLINE i32x operator()(int64_t, int64_t col, Lanes lanes) const {
    return load(p + col, lanes);
  }
};
struct igemm_store {
  int32_t* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE void operator()(int64_t row, int64_t col, i32x x, Lanes lanes) const {
    store(p + row * ld + col, x, lanes);
  }
};

template <int MR = gemm_u8s8_mr, int NV = gemm_u8s8_nv, class M, class N, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_u8s8(M m, N n, K k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm<i8_arithmetic<0>, MR, NV>(m, n, k, a, b, init, epi);
}
template <int MR = gemm_u8s8_mr, int NV = gemm_u8s8_nv, class M, class N, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_s8s8(M m, N n, K k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm<i8_arithmetic<static_cast<int32_t>(0x80808080u)>, MR, NV>(m, n, k, a, b, init, epi);
}

// ---- packing: [n/NR][ceil(k/4)][NR][4], zero padded
// --------------------------------------------------------------------------------------

// Bytes of packed B.
constexpr int64_t packed_b_u8s8_size(int64_t k, int64_t n, int64_t nr = gemm_u8s8_nr) { return round_up(n, nr) * round_up(k, 4); }

// Four rows of 8-bit elements as the bytes of 32-bit lanes; absent rows (from `rows` on) are zero. Flip = 0x80 turns u8 into u8 - 128.
template <int Flip>
FS_INLINE i32x interleave_rows(const uint8_t* src, int64_t k_stride, int rows) {
#if defined(FS_SIMD_AVX512)
  const auto wide = [&](int r) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(src + r * k_stride))); };
  __m512i lanes = wide(0);
  if (rows > 1) lanes = _mm512_or_si512(lanes, _mm512_slli_epi32(wide(1), 8));
  if (rows > 2) lanes = _mm512_or_si512(lanes, _mm512_slli_epi32(wide(2), 16));
  if (rows > 3) lanes = _mm512_or_si512(lanes, _mm512_slli_epi32(wide(3), 24));
  if (Flip != 0) lanes = _mm512_xor_si512(lanes, _mm512_set1_epi32(static_cast<int32_t>(0x80808080u >> 8 * (4 - rows))));
  return {lanes};
#elif defined(FS_SIMD_AVX2)
  const auto wide = [&](int r) { return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(src + r * k_stride))); };
  __m256i lanes = wide(0);
  if (rows > 1) lanes = _mm256_or_si256(lanes, _mm256_slli_epi32(wide(1), 8));
  if (rows > 2) lanes = _mm256_or_si256(lanes, _mm256_slli_epi32(wide(2), 16));
  if (rows > 3) lanes = _mm256_or_si256(lanes, _mm256_slli_epi32(wide(3), 24));
  if (Flip != 0) lanes = _mm256_xor_si256(lanes, _mm256_set1_epi32(static_cast<int32_t>(0x80808080u >> 8 * (4 - rows))));
  return {lanes};
#else
  uint32_t lane = 0;
  for (int r = 0; r < rows; r++) lane |= static_cast<uint32_t>(src[r * k_stride] ^ Flip) << 8 * r;
  return {static_cast<int32_t>(lane)};
#endif
}

#if defined(FS_SIMD_AVX512) || defined(FS_SIMD_AVX2)
// One panel of a source whose columns are contiguous: four steps of k are one 32-bit element, so that a transposition of those does it. Then
// the bytes that are there are flipped (padding stays zero) and summed, while the panel is in L1. `k` and `ld` are multiples of 4.
template <int NR, int Flip>
inline void pack_columns_u8s8(int8_t* panel, const uint8_t* src, int64_t ld, int64_t k, int64_t width, int32_t* colsum) {
  using sums_of = i8_arithmetic<0>;
  const int64_t groups = k / 4;
  transpose_into_panels<NR>(reinterpret_cast<float*>(panel), reinterpret_cast<const float*>(src), ld / 4, groups, width, 0, 1);
  for (int c = 0; c < NR && c < width; c += f32_lanes) {
    const int lanes = static_cast<int>(width - c < f32_lanes ? width - c : f32_lanes);
    int32_t flips[f32_lanes];
    for (int i = 0; i < f32_lanes; i++) flips[i] = i < lanes && Flip != 0 ? static_cast<int32_t>(0x80808080u) : 0;
    const i32x flip = load(flips);
    i32x sum = broadcast(int32_t{0});
    for (int64_t g = 0; g < groups; g++) {
      int32_t* const at = reinterpret_cast<int32_t*>(panel + (g * NR + c) * 4);
      i32x four = load(at);
      if constexpr (Flip != 0) {
        four = bit_xor(four, flip);
        store(at, four);
      }
      sum = sums_of::multiply_add(sums_of::spread(0x01010101), sums_of::split(four), sum);
    }
    if (colsum != nullptr) store(colsum + c, sum, lanes);
  }
}
#endif

// src(p, c) at src[p * k_stride + c * n_stride] (row-major k x n: ld, 1; a transposed weight n x k: 1, ld); elements of u8 are packed as
// u8 - 128. Writes panels [first, last), and, when colsum is not null, colsum[c] = sum over p of the packed elements of their columns.
template <int NR = gemm_u8s8_nr, class T>
inline void pack_b_u8s8(int8_t* dst, const T* src, int64_t k_stride, int64_t n_stride, int64_t k, int64_t n, int64_t first, int64_t last,
                        int32_t* colsum) {
  static_assert(sizeof(T) == 1 && NR % f32_lanes == 0, "bytes, in panels of whole vectors");
  constexpr int flip = std::is_signed_v<T> ? 0 : 0x80;
  using sums_of = i8_arithmetic<0>;
  const int64_t groups = round_up(k, 4) / 4;
  for (int64_t j = first; j < last; j++) {
    int8_t* const panel = dst + j * NR * groups * 4;
    if (n_stride == 1 && (j + 1) * NR <= n) {
      for (int c = 0; c < NR; c += f32_lanes) {
        const uint8_t* const from = reinterpret_cast<const uint8_t*>(src) + j * NR + c;
        i32x sum = broadcast(int32_t{0});
        for (int64_t g = 0; g < groups; g++) {
          const int rows = static_cast<int>(k - 4 * g < 4 ? k - 4 * g : 4);
          const i32x four = rows == 4 ? interleave_rows<flip>(from + 4 * g * k_stride, k_stride, 4)
                                      : interleave_rows<flip>(from + 4 * g * k_stride, k_stride, rows);
          store(reinterpret_cast<int32_t*>(panel + (g * NR + c) * 4), four);
          sum = sums_of::multiply_add(sums_of::spread(0x01010101), sums_of::split(four), sum);
        }
        if (colsum != nullptr) store(colsum + j * NR + c, sum);
      }
      continue;
    }
#if defined(FS_SIMD_AVX512) || defined(FS_SIMD_AVX2)
    if (k_stride == 1 && n_stride % 4 == 0 && k % 4 == 0) {
      const int64_t width = n - j * NR < NR ? n - j * NR : NR;
      pack_columns_u8s8<NR, flip>(panel, reinterpret_cast<const uint8_t*>(src) + j * NR * n_stride, n_stride, k, width,
                                  colsum == nullptr ? nullptr : colsum + j * NR);
      continue;
    }
#endif
    std::memset(panel, 0, static_cast<size_t>(NR * groups * 4));
    for (int64_t c = 0; c < NR && j * NR + c < n; c++) {
      const T* const from = src + (j * NR + c) * n_stride;
      int32_t sum = 0;
      for (int64_t p = 0; p < k; p++) {
        const int8_t x = static_cast<int8_t>(static_cast<uint8_t>(from[p * k_stride]) ^ flip);
        panel[(p / 4 * NR + c) * 4 + p % 4] = x;
        sum += x;
      }
      if (colsum != nullptr) colsum[j * NR + c] = sum;
    }
  }
}

}  // namespace fs

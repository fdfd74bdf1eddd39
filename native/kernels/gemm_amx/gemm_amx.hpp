// int8 and bf16 block GEMM on AMX tiles. Operands as gemm_u8s8 and gemm_bf16 have them, so that either can take the other's:
//
//   gemm_u8s8_amx(m, n, k, a, b, init, epi)   a: a_rows{const uint8_t*, lda};  b: b_panels{const int8_t*, k} of pack_b_u8s8 with NR = 32
//   gemm_s8s8_amx(m, n, k, a, b, init, epi)   a: a_rows{const int8_t*, lda}; the product of the signed values: nothing is added to A
//   gemm_bf16_amx(m, n, k, a, b, init, epi)   a: a_rows{const uint16_t*, lda}; b: b_panels{const uint16_t*, k} of pack_b_bf16 with NR = 32
//
// Any m, n, k. Each call needs the tile configuration, and makes sure of it; around many calls one amx::scope keeps it loaded (tiles.hpp).
//
// A register tile is 32 x 32: four accumulator tiles, two of A, two of B, four tile products per four tile loads. The sums pass through a 4
// KB buffer to the epilogue, which sees the same vectors as everywhere. Edges: the last rows are computed again together with rows before
// them (with fewer than 16 rows in all, on a copy filled up with zeros), and the last part of k on copies of it filled up with zeros.
//
// Not measured: written without a machine that has AMX. Its logic is tested through the emulated tiles of tiles.hpp.
#pragma once

#include "../gemm_bf16/pack.hpp"
#include "../gemm_u8s8/gemm_u8s8.hpp"
#include "tiles.hpp"

#if defined(FS_AMX) && defined(FS_SIMD_AVX512)

namespace fs {

struct amx_u8s8 {
  using word = int32_t;
  static constexpr int group = 4;
  template <int C, int A, int B>
  static FS_INLINE void dot() {
    amx::dot_u8s8<C, A, B>();
  }
};
struct amx_s8s8 {
  using word = int32_t;
  static constexpr int group = 4;
  template <int C, int A, int B>
  static FS_INLINE void dot() {
    amx::dot_s8s8<C, A, B>();
  }
};
struct amx_bf16 {
  using word = float;
  static constexpr int group = 2;
  template <int C, int A, int B>
  static FS_INLINE void dot() {
    amx::dot_bf16<C, A, B>();
  }
};

constexpr int gemm_amx_nr = 32;

// Sixteen rows of at most 64 bytes, filled up with zeros: what a tile is loaded from where A ends before it.
struct amx_edge {
  alignas(64) unsigned char rows[amx::tile_rows][amx::tile_bytes];
  template <class T>
  FS_INLINE const void* fill(const T* a, int64_t lda, int64_t height, int64_t depth) {
    std::memset(rows, 0, sizeof rows);
    for (int64_t r = 0; r < height; r++) std::memcpy(rows[r], a + r * lda, static_cast<size_t>(depth) * sizeof(T));
    return rows;
  }
};

// Sums of rows [0, 16 * T) of a (of `height` rows where that is less than 16) times one panel of 32 columns.
template <class X, int T, class EA, class EB>
FS_INLINE void gemm_amx_sums(typename X::word (&sums)[16 * T][gemm_amx_nr], const EA* a, int64_t lda, int64_t height, const EB* b,
                             int64_t k) {
  constexpr int G = X::group, NR = gemm_amx_nr;
  constexpr int64_t depth = amx::tile_bytes / sizeof(EA);  // elements of k per tile
  const int64_t a_stride = lda * static_cast<int64_t>(sizeof(EA)), b_stride = NR * 4, whole = k / depth;
  const auto products = [&]() __attribute__((always_inline)) {
    X::template dot<0, 4, 6>();
    X::template dot<1, 4, 7>();
    if constexpr (T == 2) {
      X::template dot<2, 5, 6>();
      X::template dot<3, 5, 7>();
    }
  };
  amx::zero<0>();
  amx::zero<1>();
  if constexpr (T == 2) amx::zero<2>(), amx::zero<3>();
  amx_edge edge;
  if (T == 2 || height >= amx::tile_rows) {
    for (int64_t t = 0; t < whole; t++) {
      const EB* const bt = b + t * depth * NR;
      amx::load<6>(bt, b_stride);
      amx::load<7>(bt + 16 * G, b_stride);
      amx::load<4>(a + t * depth, a_stride);
      if constexpr (T == 2) amx::load<5>(a + 16 * lda + t * depth, a_stride);
      products();
    }
  } else {
    for (int64_t t = 0; t < whole; t++) {
      const EB* const bt = b + t * depth * NR;
      amx::load<6>(bt, b_stride);
      amx::load<7>(bt + 16 * G, b_stride);
      amx::load<4>(edge.fill(a + t * depth, lda, height, depth), amx::tile_bytes);
      products();
    }
  }
  if (const int64_t left = k - whole * depth; left > 0) {
    const EB* const bt = b + whole * depth * NR;
    alignas(64) EB b_edge[16 * G * NR] = {};
    std::memcpy(b_edge, bt, static_cast<size_t>(round_up(left, G) * NR) * sizeof(EB));
    amx::load<6>(b_edge, b_stride);
    amx::load<7>(b_edge + 16 * G, b_stride);
    amx::load<4>(edge.fill(a + whole * depth, lda, T == 2 ? 16 : height < 16 ? height : 16, left), amx::tile_bytes);
    if constexpr (T == 2) amx::load<5>(edge.fill(a + 16 * lda + whole * depth, lda, 16, left), amx::tile_bytes);
    products();
  }
  amx::store<0>(&sums[0][0], NR * 4);
  amx::store<1>(&sums[0][16], NR * 4);
  if constexpr (T == 2) {
    amx::store<2>(&sums[16][0], NR * 4);
    amx::store<3>(&sums[16][16], NR * 4);
  }
}

// Rows [row, row + height), of which those before `wanted` have been computed before, against one panel, `width` columns of it wanted.
template <class X, int T, class EA, class EB, class Init, class Epi>
__attribute__((noinline)) void gemm_amx_tile(const EA* a, int64_t lda, const EB* b, int64_t k, int64_t row, int64_t height, int64_t wanted,
                                             int64_t col, int64_t width, const Init& init, const Epi& epi) {
  alignas(64) typename X::word sums[16 * T][gemm_amx_nr];
  gemm_amx_sums<X, T>(sums, a + row * lda, lda, height, b, k);
  for (int64_t r = wanted - row; r < height; r++)
    for (int v = 0; v < 2 && v * 16 < width; v++) {
      const auto acc = load(&sums[r][v * 16]);
      const int64_t at = col + v * 16;
      if (width - v * 16 >= 16)
        epi(row + r, at, add(acc, init(row + r, at, all_lanes{})), all_lanes{});
      else
        epi(row + r, at, add(acc, init(row + r, at, static_cast<int>(width - v * 16))), static_cast<int>(width - v * 16));
    }
}

template <class X, class EA, class Ld, class EB, class Init, class Epi>
inline void gemm_amx(int64_t m, int64_t n, int64_t k, const a_rows<EA, Ld>& a, const b_panels<EB>& b, const Init& init, const Epi& epi) {
  const amx::scope tiles;
  constexpr int NR = gemm_amx_nr;
  const int64_t lda = a.ld;
  for (int64_t col = 0; col < n; col += NR) {
    const EB* const panel = b.template tile<NR, X::group>(col);
    const int64_t width = n - col < NR ? n - col : NR;
    int64_t row = 0;
    for (; row + 32 <= m; row += 32) gemm_amx_tile<X, 2>(a.p, lda, panel, k, row, 32, row, col, width, init, epi);
    for (; row < m; row += 16) {
      const int64_t from = m - row < 16 && m >= 16 ? m - 16 : row, height = m - from < 16 ? m - from : 16;
      gemm_amx_tile<X, 1>(a.p, lda, panel, k, from, height, row, col, width, init, epi);
    }
  }
}

template <class A, class B, class Init, class Epi>
inline void gemm_u8s8_amx(int64_t m, int64_t n, int64_t k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm_amx<amx_u8s8>(m, n, k, a, b, init, epi);
}
template <class A, class B, class Init, class Epi>
inline void gemm_s8s8_amx(int64_t m, int64_t n, int64_t k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm_amx<amx_s8s8>(m, n, k, a, b, init, epi);
}
template <class A, class B, class Init, class Epi>
inline void gemm_bf16_amx(int64_t m, int64_t n, int64_t k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm_amx<amx_bf16>(m, n, k, a, b, init, epi);
}

}  // namespace fs
#endif

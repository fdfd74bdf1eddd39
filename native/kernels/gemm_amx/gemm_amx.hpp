// int8 and bf16 block GEMM on AMX tiles. Same contracts and same packed B as gemm_u8s8 and gemm_bf16, so that either can take the other's
// operands:
//
//   gemm_u8s8_amx(m, n, k, a, b, init, epi)     a: a_rows{const uint8_t*, lda};  b: b_panels{const int8_t*, k} of pack_b_u8s8 with NR = 32
//   gemm_bf16_amx(m, n, k, a, b, init, epi)     a: a_rows{const uint16_t*, lda}; b: b_panels{const uint16_t*, k} of pack_b_bf16 with NR =
//   32 Any m, n, k. Call amx::configure() once per thread before and amx::release() after a stretch of calls.
//
// A register tile is 32 x 32: four accumulator tiles, two of A, two of B, four tile products per four tile loads. The sums pass through a 4
// KB buffer to the epilogue, which sees the same vectors as everywhere. What does not fill tiles goes to the vector kernels: the rows after
// the last multiple of 16, and (added in the epilogue) the part of k after the last multiple of 64 bytes.
//
// Not measured: written without a machine that has AMX. Its logic is tested through the emulated tiles of tiles.hpp.
#pragma once

#include "../gemm_bf16/pack.hpp"
#include "../gemm_u8s8/gemm_u8s8.hpp"
#include "tiles.hpp"

#if defined(FS_AMX) && defined(FS_SIMD_AVX512)

namespace fs {

struct amx_u8s8 {
  using vectors = i8_arithmetic<0>;
  using word = int32_t;
  template <int C, int A, int B>
  static FS_INLINE void dot() {
    amx::dot_u8s8<C, A, B>();
  }
};
struct amx_bf16 {
  using vectors = bf16_arithmetic;
  using word = float;
  template <int C, int A, int B>
  static FS_INLINE void dot() {
    amx::dot_bf16<C, A, B>();
  }
};

constexpr int gemm_amx_nr = 32;

// Rows [row, row + 16 * T) against one panel of 32 columns, `width` of them wanted.
template <class X, int T, class EA, class EB, class Init, class Epi>
__attribute__((noinline)) void gemm_amx_tile(const EA* a, int64_t lda, const EB* b, int64_t k, int64_t row, int64_t col, int64_t width,
                                             const Init& init, const Epi& epi) {
  using V = typename X::vectors;
  constexpr int G = V::group, NR = gemm_amx_nr;
  constexpr int64_t depth = amx::tile_bytes / sizeof(EA);  // elements of k per tile
  const int64_t a_stride = lda * static_cast<int64_t>(sizeof(EA)), b_stride = NR * 4;
  const int64_t tiles = k / depth;
  amx::zero<0>();
  amx::zero<1>();
  if constexpr (T == 2) amx::zero<2>(), amx::zero<3>();
  for (int64_t t = 0; t < tiles; t++) {
    const EB* const bt = b + t * depth * NR;
    amx::load<6>(bt, b_stride);
    amx::load<7>(bt + 16 * G, b_stride);
    amx::load<4>(a + t * depth, a_stride);
    X::template dot<0, 4, 6>();
    X::template dot<1, 4, 7>();
    if constexpr (T == 2) {
      amx::load<5>(a + 16 * lda + t * depth, a_stride);
      X::template dot<2, 5, 6>();
      X::template dot<3, 5, 7>();
    }
  }
  alignas(64) typename X::word sums[16 * T][NR];
  amx::store<0>(&sums[0][0], NR * 4);
  amx::store<1>(&sums[0][16], NR * 4);
  if constexpr (T == 2) {
    amx::store<2>(&sums[16][0], NR * 4);
    amx::store<3>(&sums[16][16], NR * 4);
  }
  const int64_t first_group = tiles * depth / G, groups = k / G;
  for (int r = 0; r < 16 * T; r++)
    for (int v = 0; v < 2 && v * 16 < width; v++) {
      const int lanes = static_cast<int>(width - v * 16 < 16 ? width - v * 16 : 16);
      const EA* const at = a + r * lda;
      auto acc = load(&sums[r][v * 16]);
      const auto b_at = [&](int64_t g) { return V::load_b(b + (g * NR + v * 16) * G, all_lanes{}); };
      for (int64_t g = first_group; g < groups; g++) acc = V::multiply_add(V::broadcast_a(at + g * G), b_at(g), acc);
      if (k % G != 0) acc = V::multiply_add(V::broadcast_a_part(at + groups * G, static_cast<int>(k % G)), b_at(groups), acc);
      if (lanes == 16)
        epi(row + r, col + v * 16, add(acc, init(row + r, col + v * 16, all_lanes{})), all_lanes{});
      else
        epi(row + r, col + v * 16, add(acc, init(row + r, col + v * 16, lanes)), lanes);
    }
}

template <class X, class EA, class Ld, class EB, class Init, class Epi>
inline void gemm_amx(int64_t m, int64_t n, int64_t k, const a_rows<EA, Ld>& a, const b_panels<EB>& b, const Init& init, const Epi& epi) {
  constexpr int G = X::vectors::group, NR = gemm_amx_nr;
  const int64_t lda = a.ld, whole = m / 16 * 16;
  for (int64_t col = 0; col < n; col += NR) {
    const EB* const panel = b.template tile<NR, G>(col);
    const int64_t width = n - col < NR ? n - col : NR;
    int64_t row = 0;
    for (; row + 32 <= whole; row += 32) gemm_amx_tile<X, 2>(a.p + row * lda, lda, panel, k, row, col, width, init, epi);
    if (row < whole) gemm_amx_tile<X, 1>(a.p + row * lda, lda, panel, k, row, col, width, init, epi);
  }
  if (whole == m) return;
  // The last rows: the vector kernel, told where its row 0 is.
  const auto shifted_init = [&](int64_t row, int64_t col, auto lanes) { return init(row + whole, col, lanes); };
  const auto shifted_epi = [&](int64_t row, int64_t col, auto acc, auto lanes) { epi(row + whole, col, acc, lanes); };
  gemm<typename X::vectors, 8, 2>(m - whole, n, k, a_rows<EA, Ld>{a.p + whole * lda, a.ld}, b, shifted_init, shifted_epi);
}

template <class A, class B, class Init, class Epi>
inline void gemm_u8s8_amx(int64_t m, int64_t n, int64_t k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm_amx<amx_u8s8>(m, n, k, a, b, init, epi);
}
template <class A, class B, class Init, class Epi>
inline void gemm_bf16_amx(int64_t m, int64_t n, int64_t k, const A& a, const B& b, const Init& init, const Epi& epi) {
  gemm_amx<amx_bf16>(m, n, k, a, b, init, epi);
}

}  // namespace fs
#endif

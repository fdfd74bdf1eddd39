// One product at any point of the compiler's search space, with the parameters as arguments: what the tuner measures by the hundred without
// a build for each. The loops are those of the compiler's template (compiler-core/templates/matmul.ts); sizes and the row stride of A are
// known at compile time, as they are there.
//
// Contract
//   The including file defines FS_POINT_CASES(X) with a row X(MR, NV, rests...) for every register tile, and calls run_gemm_points<N, LDA,
//   PANELS>. rests: the row counts of a last, shorter tile that any share of a thread may end with.
#pragma once

#include "../../runtime/spmd.h"
#include "gemm_f32.hpp"
#include "pack.hpp"

namespace fs {

// A row of the table of points, as the tuner writes it (compiler-core/io/session/tune-harness.ts).
struct gemm_point {
  int64_t rows_per_thread, cols_per_thread, mr, nv, mc, nc, kc, columns_outside, copy_a;
};
constexpr int gemm_point_words = sizeof(gemm_point) / sizeof(int64_t);

// Operands of one product; b is row-major, or the panels for the point's nv.
struct gemm_operands {
  int64_t m, k;
  const float* a;
  const float* b;
  float* c;
};

// A part of the result.
struct gemm_part {
  int64_t row, rows, col, cols;
};

struct gemm_start {
  const float* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE f32x operator()(int64_t row, int64_t col, Lanes lanes) const {
    return p == nullptr ? zero() : load(p + row * ld + col, lanes);
  }
};

template <int... R>
struct gemm_rests {};
template <class F>
FS_INLINE void with_rest(int64_t, gemm_rests<>, const F&) {}
template <int R, int... More, class F>
FS_INLINE void with_rest(int64_t rest, gemm_rests<R, More...>, const F& f) {
  if (rest == R)
    f(fixed<R>{});
  else
    with_rest(rest, gemm_rests<More...>{}, f);
}

// A block of rows times a block of columns over one pass of k, tile by tile, panel by panel.
template <int MR, int NV, int N, class Rests, class A, class B>
__attribute__((noinline)) void gemm_point_block(int64_t m, int64_t n, int64_t k, A a, B b, gemm_start init, gemm_store epi) {
  constexpr int nr = NV * f32_lanes, width = N % nr, narrow = (width + f32_lanes - 1) / f32_lanes, lanes = width - (narrow - 1) * f32_lanes;
  const auto panel = [&](int64_t col, auto vectors, auto last) __attribute__((always_inline)) {
    constexpr int V = static_cast<int>(decltype(vectors)::value);
    const float* const bp = b.template tile<nr, 1>(col);
    const auto step = b.template step<nr, 1>();
    int64_t row = 0;
    for (; row + MR <= m; row += MR)
      gemm_tile<f32_arithmetic, MR, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, last, B::padded);
    with_rest(m - row, Rests{}, [&](auto r) __attribute__((always_inline)) {
      gemm_tile<f32_arithmetic, static_cast<int>(decltype(r)::value), V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, last,
                                                                         B::padded);
    });
  };
  int64_t col = 0;
  for (; col + nr <= n; col += nr) panel(col, fixed<NV>{}, all_lanes{});
  if constexpr (width > 0 && lanes == f32_lanes) {
    if (col < n) panel(col, fixed<narrow>{}, all_lanes{});
  } else if constexpr (width > 0) {
    if (col < n) panel(col, fixed<narrow>{}, lanes);
  }
}

template <int MR, int NV, int N, int LDA, bool PANELS, class Rests>
void gemm_point_share(const gemm_operands& o, const gemm_point& at, const gemm_part& share, float* scratch) {
  float* const partial = scratch;
  // Rows of partial sums that would share cache sets are padded.
  const int64_t ld = at.nc % 512 == 0 ? at.nc + 16 : at.nc;
  float* const copy = scratch + round_up(at.mc, MR) * round_up(ld, NV * f32_lanes);
  constexpr int64_t no_pitch = 0;
  // All passes over k of one block.
  const auto passes = [&](const gemm_part& block, const float* a, int64_t pitch) {
    for (int64_t p = 0; p < o.k; p += at.kc) {
      const int64_t kc = o.k - p < at.kc ? o.k - p : at.kc;
      const bool first = p == 0, last = p + kc >= o.k;
      const gemm_start init{first ? nullptr : partial, ld};
      const gemm_store epi = last ? gemm_store{o.c + block.row * N + block.col, N} : gemm_store{partial, ld};
      const auto times = [&](auto rows_of_a) {
        if constexpr (PANELS)
          gemm_point_block<MR, NV, N, Rests>(block.rows, block.cols, kc, rows_of_a,
                                             b_panels{o.b + block.col * o.k + p * NV * f32_lanes, o.k}, init, epi);
        else
          gemm_point_block<MR, NV, N, Rests>(block.rows, block.cols, kc, rows_of_a,
                                             b_rows<float, fixed<N>>{o.b + p * N + block.col, fixed<N>{}}, init, epi);
      };
      if (pitch == no_pitch)
        times(a_rows<float, fixed<LDA>>{a + p, fixed<LDA>{}});
      else
        times(a_rows<float, fixed<LDA + 16>>{a + p, fixed<LDA + 16>{}});
    }
  };
  const auto over_columns = [&](const gemm_part& part, const auto& body) {
    for (int64_t nn = 0; nn < part.cols; nn += at.nc)
      body(gemm_part{part.row, part.rows, part.col + nn, part.cols - nn < at.nc ? part.cols - nn : at.nc});
  };
  const auto over_rows = [&](const gemm_part& part) {
    for (int64_t mm = 0; mm < part.rows; mm += at.mc) {
      const gemm_part block{part.row + mm, part.rows - mm < at.mc ? part.rows - mm : at.mc, part.col, part.cols};
      const float* a = o.a + block.row * LDA;
      int64_t pitch = no_pitch;
      if (at.copy_a) {
        pitch = LDA + 16;
        for (int64_t i = 0; i < block.rows; i++) memcpy(copy + i * pitch, a + i * LDA, static_cast<size_t>(o.k) * sizeof(float));
        a = copy;
      }
      over_columns(block, [&](const gemm_part& b) { passes(b, a, pitch); });
    }
  };
  if (at.columns_outside)
    over_columns(share, over_rows);
  else
    over_rows(share);
}

// This thread's shares of the product. `b_of(nv)`: where B lies for panels of nv vectors.
template <int N, int LDA, bool PANELS, class BOf>
void gemm_at_point(int64_t m, int64_t k, const float* a, const BOf& b_of, float* c, const gemm_point& at, float* scratch, int tid,
                   int threads) {
  const int64_t down = (m + at.rows_per_thread - 1) / at.rows_per_thread, across = (N + at.cols_per_thread - 1) / at.cols_per_thread;
  int64_t lo, hi;
  fs_range(0, down * across, tid, threads, &lo, &hi);
  for (int64_t t = lo; t < hi; t++) {
    const int64_t row = t / across * at.rows_per_thread, col = t % across * at.cols_per_thread;
    const gemm_part share{row, m - row < at.rows_per_thread ? m - row : at.rows_per_thread, col,
                          N - col < at.cols_per_thread ? N - col : at.cols_per_thread};
    const gemm_operands o{m, k, a, b_of(at.nv), c};
#define FS_POINT_CASE(MR, NV, ...)                                                            \
  if (at.mr == MR && at.nv == NV) {                                                           \
    gemm_point_share<MR, NV, N, LDA, PANELS, gemm_rests<__VA_ARGS__>>(o, at, share, scratch); \
    continue;                                                                                 \
  }
    FS_POINT_CASES(FS_POINT_CASE)
#undef FS_POINT_CASE
  }
}

}  // namespace fs

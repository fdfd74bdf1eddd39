// One product at any point of the compiler's search space, with the parameters as arguments: what the tuner measures by the hundred without
// a build for each. The loops are those of the compiler's template (compiler-core/templates/matmul.ts); sizes and the row stride of A are
// known at compile time, as they are there.
//
// Contract
//   The including file defines FS_POINT_CASES(X) with a row X(MR, NV, rests...) for every register tile, and calls gemm_at_point<Kind, N, LDA,
//   PANELS>. rests: the row counts of a last, shorter tile that any share of a thread may end with. Kind: one of the kinds below.
#pragma once

#include "../../runtime/spmd.h"
#include "../gemm_f32/gemm_f32.hpp"
#include "../gemm_f32/pack.hpp"
#include "../gemm_u8s8/gemm_u8s8.hpp"

namespace fs {

// Operands, arithmetic and packing of a kernel. `divides`: sums may be handed on to the next pass over k.
struct f32_points {
  using arithmetic = f32_arithmetic;
  using a = float;
  using b = float;
  using sum = float;
  static constexpr bool divides = true;
  template <int NR>
  static void pack(float* to, const float* from, int64_t n, int64_t k, int64_t first, int64_t last) {
    pack_b<NR>(to, from, n, k, n, first, last);
  }
};
template <class A, int32_t Flip>
struct byte_points {
  using arithmetic = i8_arithmetic<Flip>;
  using a = A;
  using b = int8_t;
  using sum = int32_t;
  static constexpr bool divides = false;
  template <int NR>
  static void pack(int8_t* to, const int8_t* from, int64_t n, int64_t k, int64_t first, int64_t last) {
    pack_b_u8s8<NR>(to, from, n, 1, k, n, first, last, nullptr);
  }
};
using u8s8_points = byte_points<uint8_t, 0>;
using s8s8_points = byte_points<int8_t, static_cast<int32_t>(0x80808080u)>;

// A row of the table of points, as the tuner writes it (compiler-core/io/session/tune-harness.ts).
struct gemm_point {
  int64_t rows_per_thread, cols_per_thread, mr, nv, mc, nc, kc, columns_outside, copy_a;
};
constexpr int gemm_point_words = sizeof(gemm_point) / sizeof(int64_t);

// Operands of one product; b is row-major, or the panels for the point's nv.
template <class Kind>
struct point_operands {
  int64_t m, k;
  const typename Kind::a* a;
  const typename Kind::b* b;
  typename Kind::sum* c;
};

// A part of the result.
struct gemm_part {
  int64_t row, rows, col, cols;
};

template <class Kind>
struct point_start {
  const typename Kind::sum* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE typename Kind::arithmetic::acc operator()(int64_t row, int64_t col, Lanes lanes) const {
    if constexpr (Kind::divides)
      return p == nullptr ? Kind::arithmetic::zero() : load(p + row * ld + col, lanes);
    else
      return Kind::arithmetic::zero();
  }
};
template <class Kind>
struct point_store {
  typename Kind::sum* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE void operator()(int64_t row, int64_t col, typename Kind::arithmetic::acc x, Lanes lanes) const {
    store(p + row * ld + col, x, lanes);
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
template <class Kind, int MR, int NV, int N, class Rests, class A, class B>
__attribute__((noinline)) void gemm_point_block(int64_t m, int64_t n, int64_t k, A a, B b, point_start<Kind> init, point_store<Kind> epi) {
  using arithmetic = typename Kind::arithmetic;
  constexpr int nr = NV * f32_lanes, width = N % nr, narrow = (width + f32_lanes - 1) / f32_lanes, lanes = width - (narrow - 1) * f32_lanes;
  const auto panel = [&](int64_t col, auto vectors, auto last) __attribute__((always_inline)) {
    constexpr int V = static_cast<int>(decltype(vectors)::value);
    const auto* const bp = b.template tile<nr, arithmetic::group>(col);
    const auto step = b.template step<nr, arithmetic::group>();
    int64_t row = 0;
    for (; row + MR <= m; row += MR)
      gemm_tile<arithmetic, MR, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, last, B::padded);
    with_rest(m - row, Rests{}, [&](auto r) __attribute__((always_inline)) {
      gemm_tile<arithmetic, static_cast<int>(decltype(r)::value), V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, last,
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

template <class Kind, int MR, int NV, int N, int LDA, bool PANELS, class Rests>
void gemm_point_share(const point_operands<Kind>& o, const gemm_point& at, const gemm_part& share, float* scratch) {
  using A = typename Kind::a;
  using Sum = typename Kind::sum;
  constexpr int Group = Kind::arithmetic::group;
  Sum* const partial = reinterpret_cast<Sum*>(scratch);
  // Rows of partial sums that would share cache sets are padded.
  const int64_t ld = at.nc % 512 == 0 ? at.nc + 16 : at.nc;
  A* const copy = reinterpret_cast<A*>(scratch + round_up(at.mc, MR) * round_up(ld, NV * f32_lanes));
  constexpr int64_t no_pitch = 0;
  // All passes over k of one block.
  const auto passes = [&](const gemm_part& block, const A* a, int64_t pitch) {
    for (int64_t p = 0; p < o.k; p += at.kc) {
      const int64_t kc = o.k - p < at.kc ? o.k - p : at.kc;
      const bool first = p == 0, last = p + kc >= o.k;
      const point_start<Kind> init{first ? nullptr : partial, ld};
      const point_store<Kind> epi = last ? point_store<Kind>{o.c + block.row * N + block.col, N} : point_store<Kind>{partial, ld};
      const auto times = [&](auto rows_of_a) {
        if constexpr (PANELS)
          gemm_point_block<Kind, MR, NV, N, Rests>(block.rows, block.cols, kc, rows_of_a,
                                                   b_panels{o.b + block.col * round_up(o.k, Group) + p * NV * f32_lanes, o.k}, init, epi);
        else
          gemm_point_block<Kind, MR, NV, N, Rests>(block.rows, block.cols, kc, rows_of_a,
                                                   b_rows<typename Kind::b, fixed<N>>{o.b + p * N + block.col, fixed<N>{}}, init, epi);
      };
      if constexpr (Kind::divides) {
        if (pitch != no_pitch) {
          times(a_rows<A, fixed<LDA + 16>>{a + p, fixed<LDA + 16>{}});
          continue;
        }
      }
      times(a_rows<A, fixed<LDA>>{a + p, fixed<LDA>{}});
    }
  };
  const auto over_columns = [&](const gemm_part& part, const auto& body) {
    for (int64_t nn = 0; nn < part.cols; nn += at.nc)
      body(gemm_part{part.row, part.rows, part.col + nn, part.cols - nn < at.nc ? part.cols - nn : at.nc});
  };
  const auto over_rows = [&](const gemm_part& part) {
    for (int64_t mm = 0; mm < part.rows; mm += at.mc) {
      const gemm_part block{part.row + mm, part.rows - mm < at.mc ? part.rows - mm : at.mc, part.col, part.cols};
      const A* a = o.a + block.row * LDA;
      int64_t pitch = no_pitch;
      if (at.copy_a) {
        pitch = LDA + 16;
        for (int64_t i = 0; i < block.rows; i++) memcpy(copy + i * pitch, a + i * LDA, static_cast<size_t>(o.k) * sizeof(A));
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
template <class Kind, int N, int LDA, bool PANELS, class BOf>
void gemm_at_point(int64_t m, int64_t k, const typename Kind::a* a, const BOf& b_of, typename Kind::sum* c, const gemm_point& at,
                   float* scratch, int tid, int threads) {
  const int64_t down = (m + at.rows_per_thread - 1) / at.rows_per_thread, across = (N + at.cols_per_thread - 1) / at.cols_per_thread;
  int64_t lo, hi;
  fs_range(0, down * across, tid, threads, &lo, &hi);
  for (int64_t t = lo; t < hi; t++) {
    const int64_t row = t / across * at.rows_per_thread, col = t % across * at.cols_per_thread;
    const gemm_part share{row, m - row < at.rows_per_thread ? m - row : at.rows_per_thread, col,
                          N - col < at.cols_per_thread ? N - col : at.cols_per_thread};
    const point_operands<Kind> o{m, k, a, b_of(at.nv), c};
#define FS_POINT_CASE(MR, NV, ...)                                                                  \
  if (at.mr == MR && at.nv == NV) {                                                                 \
    gemm_point_share<Kind, MR, NV, N, LDA, PANELS, gemm_rests<__VA_ARGS__>>(o, at, share, scratch); \
    continue;                                                                                       \
  }
    FS_POINT_CASES(FS_POINT_CASE)
#undef FS_POINT_CASE
  }
}

}  // namespace fs

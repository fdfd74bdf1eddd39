// f32 block GEMM: epi(C = init + A * B), the tile loop below the compiler's cache blocking.
//
// Contract (scalar meaning in gemm_f32_ref.hpp)
//   gemm_f32<MR, NV>(m, n, k, a, b, init, epi)
//   For every row i < m and column j < n:  acc(i, j) = init(i, j) + sum over p < k of a(i, p) * b(p, j),  then epi(i, j, acc).
//   - m, n: int64_t, or fixed<N>{} when known at compile time: then only the tile sizes that occur are instantiated (build time!). k: either.
//   - a: a_rows{p, lda} row-major (lda may be fixed<N>: best addressing), or a_panels<MR>{p, k}: [m/MR][k][MR], made by pack_a.
//   - b: b_panels{p, k}: column panels [n/NR][k][NR], zero padded, made by pack_b / pack_b_transposed; or b_rows{p, ldb}: row-major, not padded.
//   - init(row, col, lanes) -> f32x: start value of the f32_lanes (or fewer) columns from col. gemm_zero{}: 0. gemm_from{p, ld}: a partial f32 C.
//   - epi(row, col, f32x acc, lanes): called once per row and vector of columns, rows inside a tile in order; lanes is all_lanes{} or an int.
//     gemm_store{p, ld} stores it. Pass a generic lambda `[&](int64_t row, int64_t col, fs::f32x x, auto lanes) { ... }` for bias, activation, ...
//   - MR rows and NV vectors of columns per register tile; NR = NV * f32_lanes. Defaults per instruction set: gemm_f32_mr, gemm_f32_nv.
//   - Buffers: any alignment (64-byte aligned panels are faster); nothing beyond the m x k, k x n (padded for panels) and m x n extents is touched.
//   - The sum runs over p in order, one fma each (small tiles: several interleaved partial sums, added at the end), so results do not depend on threads.
//   - k = 0 is allowed (acc = init).
//
// Register budget: MR * NV accumulators + NV for B + 1 broadcast of A. AVX-512 has 32 registers: 14 x 2 + 2 + 1 = 31; AVX2 16: 6 x 2 + 2 + 1 = 15.
// Per step of k an AVX-512 tile does 28 fma and 16 loads: fma-bound both with one (Zen 4: 1 per cycle) and two (server cores: 2 per cycle) 512-bit pipes.
#pragma once

#include <type_traits>

#include "../../simd/simd.hpp"

namespace fs {

// A size known at compile time, usable wherever an int64_t size is expected.
template <int64_t N>
struct fixed {
  static constexpr int64_t value = N;
  constexpr operator int64_t() const { return N; }
};
template <class T>
struct is_fixed : std::false_type {};
template <int64_t N>
struct is_fixed<fixed<N>> : std::true_type {};

// The value of a fixed size, else `otherwise`.
template <class T>
constexpr int64_t fixed_or(int64_t otherwise) {
  if constexpr (is_fixed<T>::value)
    return T::value;
  else
    return otherwise;
}

#if defined(FS_SIMD_AVX512)
constexpr int gemm_f32_mr = 14, gemm_f32_nv = 2;
#elif defined(FS_SIMD_AVX2)
constexpr int gemm_f32_mr = 6, gemm_f32_nv = 2;
#else
constexpr int gemm_f32_mr = 4, gemm_f32_nv = 4;
#endif
constexpr int gemm_f32_nr = gemm_f32_nv * f32_lanes;

// ---- operands -------------------------------------------------------------------------------------------------------------------

template <class Ld = int64_t>
struct a_rows {
  const float* p;
  Ld ld;
  // The tile that starts at `row`, as something that gives element (r, step of k).
  template <int MR>
  FS_INLINE a_rows tile(int64_t row) const {
    return {p + row * static_cast<int64_t>(ld), ld};
  }
  FS_INLINE float at(int r, int64_t step) const { return p[r * static_cast<int64_t>(ld) + step]; }
};
template <class Ld>
a_rows(const float*, Ld) -> a_rows<Ld>;

template <int Panel = gemm_f32_mr>
struct a_panels {
  const float* p;
  int64_t k;
  template <int MR>
  FS_INLINE a_panels tile(int64_t row) const {
    static_assert(MR == Panel, "A was packed for another tile height");
    return {p + row * k, k};
  }
  FS_INLINE float at(int r, int64_t step) const { return p[step * Panel + r]; }
};

struct b_panels {
  const float* p;
  int64_t k;
  static constexpr bool padded = true;
  template <int NR>
  FS_INLINE const float* tile(int64_t col) const {
    return p + col * k;
  }
  template <int NR>
  FS_INLINE fixed<NR> step() const {
    return {};
  }
};

template <class Ld = int64_t>
struct b_rows {
  const float* p;
  Ld ld;
  static constexpr bool padded = false;
  template <int NR>
  FS_INLINE const float* tile(int64_t col) const {
    return p + col;
  }
  template <int NR>
  FS_INLINE Ld step() const {
    return ld;
  }
};
template <class Ld>
b_rows(const float*, Ld) -> b_rows<Ld>;

// ---- start values and epilogues ---------------------------------------------------------------------------------------------------

struct gemm_zero {
  template <class Lanes>
  FS_INLINE f32x operator()(int64_t, int64_t, Lanes) const {
    return zero();
  }
};
struct gemm_from {
  const float* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE f32x operator()(int64_t row, int64_t col, Lanes lanes) const {
    return load(p + row * ld + col, lanes);
  }
};
struct gemm_store {
  float* p;
  int64_t ld;
  template <class Lanes>
  FS_INLINE void operator()(int64_t row, int64_t col, f32x x, Lanes lanes) const {
    store(p + row * ld + col, x, lanes);
  }
};

// ---- register tile ------------------------------------------------------------------------------------------------------------------

// R rows by V vectors; all vectors are full but the last, which has `lanes`.
// Small tiles would wait for the fma latency (4 cycles, up to 2 per cycle: 8 in flight), so they run U partial sums over k.
template <int R, int V, class A, class B, class K, class Init, class Epi, class Lanes>
__attribute__((noinline)) void gemm_f32_tile(A a, const float* b, B b_step, K k_size, int64_t row, int64_t col, const Init& init, const Epi& epi,
                                             Lanes lanes, bool padded) {
  constexpr int U = R * V >= 8 ? 1 : R * V >= 4 ? 2 : 4;
  constexpr bool whole = std::is_same_v<Lanes, all_lanes>;
  const int64_t k = k_size, ldb = b_step;
  const int last = whole || padded ? f32_lanes : lane_count(lanes);
  f32x c[U][R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      if (v + 1 < V)
        c[0][r][v] = init(row + r, col + v * f32_lanes, all_lanes{});
      else
        c[0][r][v] = init(row + r, col + v * f32_lanes, lanes);
#pragma GCC unroll 4
      for (int u = 1; u < U; u++) c[u][r][v] = zero();
    }
  const auto step = [&](int64_t p, f32x(&acc)[R][V]) __attribute__((always_inline)) {
    f32x bv[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      const float* from = b + p * ldb + v * f32_lanes;
      if (whole || v + 1 < V)
        bv[v] = load(from);
      else
        bv[v] = load(from, last);
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const f32x av = broadcast(a.at(r, p));
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) acc[r][v] = fma(av, bv[v], acc[r][v]);
    }
  };
  int64_t p = 0;
  for (; p + U <= k; p += U) {
#pragma GCC unroll 4
    for (int u = 0; u < U; u++) step(p + u, c[u]);
  }
  // (Where U divides k this must not exist: the compiler would see an endless loop in it.)
  if constexpr (U > 1 && !(is_fixed<K>::value && fixed_or<K>(0) % U == 0))
    for (; p < k; p++) step(p, c[0]);
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      f32x sum = c[0][r][v];
      if constexpr (U == 2) sum = add(sum, c[U - 1][r][v]);
      if constexpr (U == 4) sum = add(add(sum, c[1][r][v]), add(c[2][r][v], c[3][r][v]));
      if (v + 1 < V)
        epi(row + r, col + v * f32_lanes, sum, all_lanes{});
      else
        epi(row + r, col + v * f32_lanes, sum, lanes);
    }
}

// ---- tile loop ------------------------------------------------------------------------------------------------------------------------

// Calls f(fixed<rows>{}) for the runtime row count of a last, shorter tile.
template <int R, class F>
FS_INLINE void with_rows(int64_t rows, const F& f) {
  if constexpr (R > 0) {
    if (rows == R)
      f(fixed<R>{});
    else
      with_rows<R - 1>(rows, f);
  }
}

// All row tiles against one column panel of V vectors, the last with `lanes`.
template <int MR, int NV, int V, class M, class K, class A, class B, class Init, class Epi, class Lanes>
FS_INLINE void gemm_f32_panel(M m, K k, const A& a, const B& b, int64_t col, const Init& init, const Epi& epi, Lanes lanes) {
  constexpr int NR = NV * f32_lanes;
  const float* const bp = b.template tile<NR>(col);
  const auto step = b.template step<NR>();
  int64_t row = 0;
  if constexpr (is_fixed<M>::value) {
    constexpr int64_t whole = M::value / MR * MR;
    for (; row < whole; row += MR) gemm_f32_tile<MR, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
    if constexpr (M::value % MR != 0)
      gemm_f32_tile<M::value % MR, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
  } else {
    for (; row + MR <= m; row += MR) gemm_f32_tile<MR, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
    with_rows<MR - 1>(m - row, [&](auto rows) {
      gemm_f32_tile<decltype(rows)::value, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
    });
  }
}

// The last, narrower panel: V vectors, the last of them with the remaining lanes.
template <int MR, int NV, int V, class M, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_f32_narrow(int64_t width, M m, K k, const A& a, const B& b, int64_t col, const Init& init, const Epi& epi) {
  if constexpr (V > 0) {
    if (width > (V - 1) * f32_lanes)
      gemm_f32_panel<MR, NV, V>(m, k, a, b, col, init, epi, static_cast<int>(width - (V - 1) * f32_lanes));
    else
      gemm_f32_narrow<MR, NV, V - 1>(width, m, k, a, b, col, init, epi);
  }
}

template <int MR = gemm_f32_mr, int NV = gemm_f32_nv, class M, class N, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_f32(M m, N n, K k, const A& a, const B& b, const Init& init, const Epi& epi) {
  constexpr int NR = NV * f32_lanes;
  int64_t col = 0;
  for (; col + NR <= n; col += NR) gemm_f32_panel<MR, NV, NV>(m, k, a, b, col, init, epi, all_lanes{});
  if constexpr (is_fixed<N>::value) {
    constexpr int width = static_cast<int>(N::value % NR), V = (width + f32_lanes - 1) / f32_lanes, lanes = width - (V - 1) * f32_lanes;
    if constexpr (width > 0 && lanes == f32_lanes) gemm_f32_panel<MR, NV, V>(m, k, a, b, col, init, epi, all_lanes{});
    if constexpr (width > 0 && lanes != f32_lanes) gemm_f32_panel<MR, NV, V>(m, k, a, b, col, init, epi, lanes);
  } else if (col < n) {
    gemm_f32_narrow<MR, NV, NV>(n - col, m, k, a, b, col, init, epi);
  }
}

}  // namespace fs

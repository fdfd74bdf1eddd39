// The tile loop that all block GEMMs share: epi(init + A * B) with the accumulators of one register tile in registers all along k.
//
// What differs between element types is an "arithmetic": how many elements of k one step takes (`group`: 1 for f32, 2 for bf16, 4 for
// int8), the types of a broadcast A group, a vector of B groups and an accumulator, and the multiply-add. gemm_f32.hpp, gemm_u8s8.hpp and
// gemm_bf16.hpp define one each and state their contracts; nothing here is called directly.
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
constexpr int64_t round_up(int64_t n, int64_t multiple) { return (n + multiple - 1) / multiple * multiple; }

// ---- operands -------------------------------------------------------------------------------------------------------------------

// A, row-major: element (i, p) at p[i * ld + p]. Best with a fixed ld: no address registers.
template <class T, class Ld = int64_t>
struct a_rows {
  const T* p;
  Ld ld;
  // The tile that starts at `row`: at(r, p) is the address of its row r at k = p.
  template <int MR>
  FS_INLINE a_rows tile(int64_t row) const {
    return {p + row * static_cast<int64_t>(ld), ld};
  }
  template <int Group>
  FS_INLINE const T* at(int r, int64_t step) const {
    return p + r * static_cast<int64_t>(ld) + step * Group;
  }
};
template <class T, class Ld>
a_rows(const T*, Ld) -> a_rows<T, Ld>;

// A in row panels [m/MR][ceil(k/group)][MR][group], made by pack_a. k is rounded up to the group.
template <int Panel, class T = float>
struct a_panels {
  const T* p;
  int64_t k;
  template <int MR>
  FS_INLINE a_panels tile(int64_t row) const {
    static_assert(MR == Panel, "A was packed for another tile height");
    return {p + row * k, k};
  }
  template <int Group>
  FS_INLINE const T* at(int r, int64_t step) const {
    return p + (step * Panel + r) * Group;
  }
};

// B in column panels [n/NR][ceil(k/group)][NR][group], zero padded, made by pack_b. k: the extent before rounding up to the group.
template <class T>
struct b_panels {
  const T* p;
  int64_t k;
  static constexpr bool padded = true;
  template <int NR, int Group>
  FS_INLINE const T* tile(int64_t col) const {
    return p + col * round_up(k, Group);
  }
  // Elements from one step of k to the next.
  template <int NR, int Group>
  FS_INLINE fixed<NR * Group> step() const {
    return {};
  }
};
template <class T, class K>
b_panels(const T*, K) -> b_panels<T>;

// B, row-major k x n, for element types with group 1. Not padded: the last columns are loaded under a mask.
template <class T, class Ld = int64_t>
struct b_rows {
  const T* p;
  Ld ld;
  static constexpr bool padded = false;
  template <int NR, int Group>
  FS_INLINE const T* tile(int64_t col) const {
    static_assert(Group == 1, "B must be packed for this element type");
    return p + col;
  }
  template <int NR, int Group>
  FS_INLINE Ld step() const {
    return ld;
  }
};
template <class T, class Ld>
b_rows(const T*, Ld) -> b_rows<T, Ld>;

// Steps of k that are summed up in one chain; 0: all.
template <class X, class = void>
struct piece_of : std::integral_constant<int, 0> {};
template <class X>
struct piece_of<X, std::void_t<decltype(X::piece)>> : std::integral_constant<int, X::piece> {};

// ---- memory brought near ----------------------------------------------------------------------------------------------------------------

// What memory brought near is for.
enum class ahead { reads, writes };

// What an epilogue brings near with a tile of R rows and V vectors, if anything.
template <class Epi, class = void>
struct brings_near : std::false_type {};
template <class Epi>
struct brings_near<Epi, std::void_t<decltype(&Epi::template bring_near<1, 1>)>> : std::true_type {};
template <int R, int V, class Epi>
FS_INLINE void bring_near_with(const Epi& epi, int64_t row, int64_t col) {
  if constexpr (brings_near<Epi>::value) epi.template bring_near<R, V>(row, col);
}

// An epilogue that also brings memory near that later work uses: elements (row, i ...) of a matrix of `rows` x `width` (negative: as many
// as go beside the product) at distances of `pitch`, one line with each vector of the product, in the same order: the line of columns `col`
// begins at element 4 * col / sizeof(T). A tile does that before its sums fill the registers. Nothing is read.
template <ahead For, class T, class Rows, class Width, class Pitch, class Epi>
struct gemm_and_ahead {
  const T* p;
  Rows rows;
  Width width;
  Pitch pitch;
  Epi epi;
  template <class Acc, class Lanes>
  FS_INLINE void operator()(int64_t row, int64_t col, Acc x, Lanes lanes) const {
    epi(row, col, x, lanes);
  }
  template <int R, int V>
  FS_INLINE void bring_near(int64_t row, int64_t col) const {
    bring_near_with<R, V>(epi, row, col);
    int64_t end = R;
    if constexpr (fixed_or<Rows>(0) >= 0) end = rows - row < R ? rows - row : R;
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const int64_t at = (col + v * f32_lanes) * 4 / static_cast<int64_t>(sizeof(T));
      if constexpr (fixed_or<Width>(0) >= 0)
        if (at >= width) return;
      const T* line = p + row * pitch + at;
      for (int64_t r = 0; r < end; r++, line += pitch) {
        if constexpr (For == ahead::reads)
          prefetch_l2(line);
        else
          prefetch_to_write(line);
      }
    }
  }
};
template <ahead For, class T, class Rows, class Width, class Pitch, class Epi>
FS_INLINE auto and_ahead(const T* p, Rows rows, Width width, Pitch pitch, Epi epi) {
  return gemm_and_ahead<For, T, Rows, Width, Pitch, Epi>{p, rows, width, pitch, epi};
}

// ---- register tile ------------------------------------------------------------------------------------------------------------------

// R rows by V vectors; all vectors are full but the last, which has `lanes`.
// Small tiles would wait for the latency of the multiply-add (4 to 5 cycles, up to 2 per cycle), so they keep U partial sums over k.
template <class X, int R, int V, class A, class B, class BStep, class K, class Init, class Epi, class Lanes>
__attribute__((noinline)) void gemm_tile(A a, const B* b, BStep b_step, K k_size, int64_t row, int64_t col, const Init& start,
                                         const Epi& finish, Lanes lanes, bool padded) {
  // Copies, because what is behind a reference is read again after every store.
  const Init init = start;
  const Epi epi = finish;
  constexpr int G = X::group, U = R * V >= 8 ? 1 : R * V >= 4 ? 2 : 4;
  constexpr bool whole = std::is_same_v<Lanes, all_lanes>;
  using acc = typename X::acc;
  const int64_t k = k_size, ldb = b_step, steps = k / G;
  const int last = whole || padded ? f32_lanes : lane_count(lanes);
  bring_near_with<R, V>(epi, row, col);
  acc c[U][R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      if (v + 1 < V)
        c[0][r][v] = init(row + r, col + v * f32_lanes, all_lanes{});
      else
        c[0][r][v] = init(row + r, col + v * f32_lanes, lanes);
#pragma GCC unroll 4
      for (int u = 1; u < U; u++) c[u][r][v] = X::zero();
    }
  // One step of k; `broadcast_a(r)` gives row r's group.
  const auto step = [&](int64_t p, acc(&sum)[R][V], auto broadcast_a) __attribute__((always_inline)) {
    typename X::b_vector bv[V];
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      const B* from = b + p * ldb + v * f32_lanes * G;
      if (whole || v + 1 < V)
        bv[v] = X::load_b(from, all_lanes{});
      else
        bv[v] = X::load_b(from, last);
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; r++) {
      const auto av = broadcast_a(r);
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) sum[r][v] = X::multiply_add(av, bv[v], sum[r][v]);
    }
  };
  int64_t p = 0;
  // The error of a long chain of roundings grows with its length: pieces of it are set aside, in memory, and added at the end. Sums of two
  // pieces are not worth the time.
  constexpr int64_t piece = piece_of<X>::value;
  constexpr bool in_pieces = piece > 0 && (!is_fixed<K>::value || fixed_or<K>(0) > 2 * piece);
  alignas(64) std::conditional_t<in_pieces, acc[R][V], char> aside_memory;
  [[maybe_unused]] bool any = false;
  [[maybe_unused]] acc* aside = nullptr;
  if constexpr (in_pieces) {
    aside = &aside_memory[0][0];
    // So that the compiler does not try to keep it in registers.
    asm volatile("" : "+r"(aside)::"memory");
    for (; steps > 2 * piece && steps - p > piece; any = true) {
      for (int64_t end = p + piece; p < end; p += U) {
#pragma GCC unroll 4
        for (int u = 0; u < U; u++)
          step(p + u, c[u], [&](int r) __attribute__((always_inline)) { return X::broadcast_a(a.template at<G>(r, p + u)); });
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; r++)
#pragma GCC unroll 8
        for (int v = 0; v < V; v++) {
          acc sum = c[0][r][v];
          c[0][r][v] = X::zero();
          if (any) sum = add(sum, aside[r * V + v]);
          aside[r * V + v] = sum;
        }
    }
  }
  for (; p + U <= steps; p += U) {
#pragma GCC unroll 4
    for (int u = 0; u < U; u++)
      step(p + u, c[u], [&](int r) __attribute__((always_inline)) { return X::broadcast_a(a.template at<G>(r, p + u)); });
  }
  // (Where U divides the steps this must not exist: the compiler would see an endless loop in it.)
  if constexpr (U > 1 && !(is_fixed<K>::value && fixed_or<K>(0) / G % U == 0))
    for (; p < steps; p++) step(p, c[0], [&](int r) __attribute__((always_inline)) { return X::broadcast_a(a.template at<G>(r, p)); });
  if constexpr (G > 1)
    if (k % G != 0)
      step(steps, c[0],
           [&](int r) __attribute__((always_inline)) { return X::broadcast_a_part(a.template at<G>(r, steps), static_cast<int>(k % G)); });
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      acc sum = c[0][r][v];
      if constexpr (U == 2) sum = add(sum, c[U - 1][r][v]);
      if constexpr (U == 4) sum = add(add(sum, c[1][r][v]), add(c[2][r][v], c[3][r][v]));
      if constexpr (in_pieces)
        if (any) sum = add(sum, aside[r * V + v]);
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
template <class X, int MR, int NV, int V, class M, class K, class A, class B, class Init, class Epi, class Lanes>
FS_INLINE void gemm_panel(M m, K k, const A& a, const B& b, int64_t col, const Init& init, const Epi& epi, Lanes lanes) {
  constexpr int NR = NV * f32_lanes;
  const auto* const bp = b.template tile<NR, X::group>(col);
  const auto step = b.template step<NR, X::group>();
  int64_t row = 0;
  if constexpr (is_fixed<M>::value) {
    constexpr int64_t whole = M::value / MR * MR, rest = M::value % MR;
    for (; row < whole; row += MR) gemm_tile<X, MR, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
    if constexpr (rest != 0) gemm_tile<X, rest, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
  } else {
    for (; row + MR <= m; row += MR) gemm_tile<X, MR, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
    with_rows<MR - 1>(m - row, [&](auto rows) {
      gemm_tile<X, decltype(rows)::value, V>(a.template tile<MR>(row), bp, step, k, row, col, init, epi, lanes, B::padded);
    });
  }
}

// The last, narrower panel: V vectors, the last of them with the remaining lanes.
template <class X, int MR, int NV, int V, class M, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm_narrow(int64_t width, M m, K k, const A& a, const B& b, int64_t col, const Init& init, const Epi& epi) {
  if constexpr (V > 0) {
    if (width > (V - 1) * f32_lanes)
      gemm_panel<X, MR, NV, V>(m, k, a, b, col, init, epi, static_cast<int>(width - (V - 1) * f32_lanes));
    else
      gemm_narrow<X, MR, NV, V - 1>(width, m, k, a, b, col, init, epi);
  }
}

template <class X, int MR, int NV, class M, class N, class K, class A, class B, class Init, class Epi>
FS_INLINE void gemm(M m, N n, K k, const A& a, const B& b, const Init& init, const Epi& epi) {
  constexpr int NR = NV * f32_lanes;
  int64_t col = 0;
  for (; col + NR <= n; col += NR) gemm_panel<X, MR, NV, NV>(m, k, a, b, col, init, epi, all_lanes{});
  if constexpr (is_fixed<N>::value) {
    constexpr int width = static_cast<int>(N::value % NR), V = (width + f32_lanes - 1) / f32_lanes, lanes = width - (V - 1) * f32_lanes;
    if constexpr (width > 0 && lanes == f32_lanes) gemm_panel<X, MR, NV, V>(m, k, a, b, col, init, epi, all_lanes{});
    if constexpr (width > 0 && lanes != f32_lanes) gemm_panel<X, MR, NV, V>(m, k, a, b, col, init, epi, lanes);
  } else if (col < n) {
    gemm_narrow<X, MR, NV, NV>(n - col, m, k, a, b, col, init, epi);
  }
}

}  // namespace fs

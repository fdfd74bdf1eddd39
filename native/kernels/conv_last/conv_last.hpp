// Convolution of an image whose channels are the last axis, as a product of its windows with a matrix of [taps x channels, output channels]:
// the channels of neighbouring taps lie together, so that a row of the kernel is one stretch of the image and nothing is unfolded.
//
// Contract (scalar meaning in conv_last_ref.hpp)
//   conv_last_f32<S, Copy, TR, TW>(row, rows, n, x, w, scratch, init, epi), and _u8s8, _s8s8 with `fill`
//   For the output rows [row, row + rows), all columns and output channels j < n, with i = (oy - row) * S::out_columns + ox:
//     acc(i, j) = init(i, j) + sum over ky, kx, c of x(oy * sy + ky * dy - top, ox * sx + kx * dx - left, c) * w(ky, kx, c, j),
//   then epi(i, j, acc, lanes), once for each position and vector of channels. What is outside of the image counts as `fill` (0 for f32).
//   - S: window_last<...>; TR x TW: rows and columns of the result in a register tile (TR > 1 only where TW is all columns).
//   - x: one image, dense. w: column panels [n/NR][segment][ceil(length/group)][NR][group], zero padded. A segment is what lies together: a row
//     of the kernel, or one tap where columns are dilated. init: gemm_zero, gemm_columns, igemm_columns.
//   - u8s8: sums are of x as it is; s8s8: of x + 128, and `fill` is a signed byte. Zero points are the business of the start values.
//   - Copy: the part of the image that is read is copied to scratch with its padding first: conv_last_scratch<S>(rows) elements. Without,
//     there must be no padding, and segments whole groups.
//   - Sums run over ky, kx, c in order, one multiply-add each.
//   - Nothing outside of x, the panels of w and scratch is touched.
#pragma once

#include "../gemm_f32/gemm_f32.hpp"
#include "../gemm_u8s8/gemm_u8s8.hpp"
#include "shape.hpp"

namespace fs {

// A start value for each output channel.
struct gemm_columns {
  const float* p;
  template <class Lanes>
  FS_INLINE f32x operator()(int64_t, int64_t col, Lanes lanes) const {
    return load(p + col, lanes);
  }
};

// Elements behind the copy that a last group may read: their weights are 0.
constexpr int64_t conv_last_slack = 16;
template <class S>
constexpr int64_t conv_last_scratch(int64_t rows) {
  return S::reach(rows) * S::width * S::channels + conv_last_slack;
}

// Distances in the image that is read, in elements.
template <class S, bool Copy, int Group>
struct conv_last_steps {
  static constexpr int64_t pitch = (Copy ? S::width : S::columns) * S::channels;
  static constexpr int64_t row = S::sy * pitch, column = S::sx * S::channels, tap_row = S::dy * pitch, tap = S::dx * S::channels;
  static constexpr bool together = S::dx == 1 || S::kw == 1;
  static constexpr int64_t parts = together ? 1 : S::kw, length = together ? S::kw * S::channels : S::channels;
  static constexpr int64_t groups = (length + Group - 1) / Group;
  // Of a panel, in groups.
  static constexpr int64_t depth = S::kh * parts * groups;
};

template <class S, class T>
inline void conv_last_copy(T* to, const T* x, int64_t row, int64_t rows, T fill) {
  constexpr int64_t pitch = S::width * S::channels;
  constexpr int64_t before = S::left < S::width ? S::left : S::width, room = S::width - before;
  constexpr int64_t inside = room < S::columns ? room : S::columns;
  const int64_t reach = S::reach(rows);
  for (int64_t i = 0; i < reach; i++, to += pitch) {
    const int64_t y = row * S::sy - S::top + i;
    if (y < 0 || y >= S::rows) {
      fill_elements(to, pitch, fill);
      continue;
    }
    fill_elements(to, before * S::channels, fill);
    std::memcpy(to + before * S::channels, x + y * S::columns * S::channels, static_cast<size_t>(inside * S::channels) * sizeof(T));
    fill_elements(to + (before + inside) * S::channels, (room - inside) * S::channels, fill);
  }
  fill_elements(to, conv_last_slack, T{0});
}

// TR x TW positions by V vectors of channels; all vectors are full but the last, which has `lanes`.
template <class X, class S, bool Copy, int NR, int TR, int TW, int V, class T, class W, class Init, class Epi, class Lanes>
__attribute__((noinline)) void conv_last_tile(const T* a, const W* b, int64_t position, int64_t col, const Init& init, const Epi& epi,
                                              Lanes lanes) {
  constexpr int G = X::group, R = TR * TW;
  using steps = conv_last_steps<S, Copy, G>;
  typename X::acc sum[R][V];
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      const int64_t at = position + r / TW * S::out_columns + r % TW;
      if (v + 1 < V)
        sum[r][v] = init(at, col + v * f32_lanes, all_lanes{});
      else
        sum[r][v] = init(at, col + v * f32_lanes, lanes);
    }
  for (int64_t ky = 0; ky < S::kh; ky++)
    for (int64_t part = 0; part < steps::parts; part++) {
      const T* from = a + ky * steps::tap_row + part * steps::tap;
      for (int64_t p = 0; p < steps::groups; p++, from += G, b += NR * G) {
        typename X::b_vector bv[V];
#pragma GCC unroll 8
        for (int v = 0; v < V; v++) bv[v] = X::load_b(b + v * f32_lanes * G, all_lanes{});
#pragma GCC unroll 16
        for (int r = 0; r < R; r++) {
          const auto av = X::broadcast_a(from + r / TW * steps::row + r % TW * steps::column);
#pragma GCC unroll 8
          for (int v = 0; v < V; v++) sum[r][v] = X::multiply_add(av, bv[v], sum[r][v]);
        }
      }
    }
#pragma GCC unroll 16
  for (int r = 0; r < R; r++)
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) {
      const int64_t at = position + r / TW * S::out_columns + r % TW;
      if (v + 1 < V)
        epi(at, col + v * f32_lanes, sum[r][v], all_lanes{});
      else
        epi(at, col + v * f32_lanes, sum[r][v], lanes);
    }
}

// All tiles of some rows against one panel of V vectors. Where their number is known, only the last tile that occurs is instantiated.
template <class X, class S, bool Copy, int NR, int TR, int TW, int V, class Rows, class T, class W, class Init, class Epi, class Lanes>
FS_INLINE void conv_last_panel(Rows rows, const T* x, const W* b, int64_t col, const Init& init, const Epi& epi, Lanes lanes) {
  using steps = conv_last_steps<S, Copy, X::group>;
  constexpr int64_t whole = S::out_columns / TW * TW, rest = S::out_columns % TW;
  const auto tiles = [&](int64_t oy, auto height) __attribute__((always_inline)) {
    constexpr int H = decltype(height)::value;
    const T* const line = x + oy * steps::row;
    for (int64_t ox = 0; ox < whole; ox += TW)
      conv_last_tile<X, S, Copy, NR, H, TW, V>(line + ox * steps::column, b, oy * S::out_columns + ox, col, init, epi, lanes);
    if constexpr (rest > 0)
      conv_last_tile<X, S, Copy, NR, H, rest, V>(line + whole * steps::column, b, oy * S::out_columns + whole, col, init, epi, lanes);
  };
  int64_t oy = 0;
  if constexpr (fixed_or<Rows>(TR) >= TR)
    for (; oy + TR <= rows; oy += TR) tiles(oy, fixed<TR>{});
  if constexpr (!is_fixed<Rows>::value)
    with_rows<TR - 1>(rows - oy, [&](auto height) { tiles(oy, height); });
  else if constexpr (fixed_or<Rows>(0) % TR != 0)
    tiles(oy, fixed<fixed_or<Rows>(0) % TR>{});
}

// The last, narrower panel.
template <class X, class S, bool Copy, int NR, int TR, int TW, int V, class Rows, class T, class W, class Init, class Epi>
FS_INLINE void conv_last_narrow(int64_t width, Rows rows, const T* x, const W* b, int64_t col, const Init& init, const Epi& epi) {
  if constexpr (V > 0) {
    if (width > (V - 1) * f32_lanes)
      conv_last_panel<X, S, Copy, NR, TR, TW, V>(rows, x, b, col, init, epi, static_cast<int>(width - (V - 1) * f32_lanes));
    else
      conv_last_narrow<X, S, Copy, NR, TR, TW, V - 1>(width, rows, x, b, col, init, epi);
  }
}

template <class X, class S, bool Copy, int NV, int TR, int TW, class Rows, class N, class T, class W, class Init, class Epi>
FS_INLINE void conv_last(int64_t row, Rows rows, N n, const T* x, const W* w, T* scratch, T fill, const Init& init, const Epi& epi) {
  constexpr int NR = NV * f32_lanes;
  using steps = conv_last_steps<S, Copy, X::group>;
  static_assert(TR == 1 || TW == S::out_columns, "tiles of several rows take them whole");
  const T* from = x + row * steps::row;
  if constexpr (Copy) {
    conv_last_copy<S>(scratch, x, row, rows, fill);
    from = scratch;
  } else {
    static_assert(S::top == 0 && S::left == 0 && steps::length % X::group == 0, "padding and parts of groups need the copy");
  }
  const auto panel = [&](int64_t col) { return w + col * steps::depth * X::group; };
  int64_t col = 0;
  for (; col + NR <= n; col += NR) conv_last_panel<X, S, Copy, NR, TR, TW, NV>(rows, from, panel(col), col, init, epi, all_lanes{});
  if constexpr (is_fixed<N>::value) {
    constexpr int width = static_cast<int>(N::value % NR), V = (width + f32_lanes - 1) / f32_lanes, lanes = width - (V - 1) * f32_lanes;
    if constexpr (width > 0 && lanes == f32_lanes)
      conv_last_panel<X, S, Copy, NR, TR, TW, V>(rows, from, panel(col), col, init, epi, all_lanes{});
    if constexpr (width > 0 && lanes != f32_lanes)
      conv_last_panel<X, S, Copy, NR, TR, TW, V>(rows, from, panel(col), col, init, epi, lanes);
  } else if (col < n) {
    conv_last_narrow<X, S, Copy, NR, TR, TW, NV>(n - col, rows, from, panel(col), col, init, epi);
  }
}

template <class S, bool Copy, int TR, int TW, class Rows, class N, class Init, class Epi>
FS_INLINE void conv_last_f32(int64_t row, Rows rows, N n, const float* x, const float* w, float* scratch, const Init& init,
                             const Epi& epi) {
  conv_last<f32_arithmetic, S, Copy, gemm_f32_nv, TR, TW>(row, rows, n, x, w, scratch, 0.0f, init, epi);
}
template <class S, bool Copy, int TR, int TW, class Rows, class N, class Init, class Epi>
FS_INLINE void conv_last_u8s8(int64_t row, Rows rows, N n, const uint8_t* x, const int8_t* w, uint8_t* scratch, uint8_t fill,
                              const Init& init, const Epi& epi) {
  conv_last<i8_arithmetic<0>, S, Copy, gemm_u8s8_nv, TR, TW>(row, rows, n, x, w, scratch, fill, init, epi);
}
template <class S, bool Copy, int TR, int TW, class Rows, class N, class Init, class Epi>
FS_INLINE void conv_last_s8s8(int64_t row, Rows rows, N n, const int8_t* x, const int8_t* w, int8_t* scratch, int8_t fill,
                              const Init& init, const Epi& epi) {
  conv_last<i8_arithmetic<static_cast<int32_t>(0x80808080u)>, S, Copy, gemm_u8s8_nv, TR, TW>(row, rows, n, x, w, scratch, fill, init, epi);
}

}  // namespace fs

// Convolution of each channel with a kernel of its own, of an image whose channels are the last axis: vectors run along the channels, whatever
// the image's width. No copy of the image: taps outside of it read a row of channels that stands for the padding.
//
// Contract (scalar meaning: depthwise_last_ref in ../conv_last/conv_last_ref.hpp)
//   depthwise_last_f32<S>(row, rows, x, w, fills, init, epi), and _u8s8, _s8s8 with `fill`
//   For the output rows [row, row + rows), all columns and channels c, with i = (oy - row) * S::out_columns + ox:
//     acc(i, c) = init(i, c) + sum over ky, kx of x(oy * sy + ky * dy - top, ox * sx + kx * dx - left, c) * w(ky, kx, c),
//   then epi(i, c, acc, lanes), once for each position and vector of channels. What is outside of the image counts as `fill` (0 for f32).
//   - x: one image, dense. f32: w [kh, kw, channels]. Integers: w [kh][ceil(kw/4)][channels][4], zero padded: four taps of a channel are the
//     bytes of a 32-bit lane.
//   - u8s8: sums are of x as it is; s8s8: of x + 128, and `fill` is a signed byte. Exact.
//   - fills: S::channels elements, overwritten.
//   - Sums run over ky, then kx, one fma each.
//   - Nothing outside of x, w and fills is touched.
//
// A tile is a few rows by a few columns: a vector of the image is loaded once for all positions of the tile that it belongs to. With VNNI, 64
// channels of a row of taps are interleaved by byte shuffles, once for all rows of the tile.
#pragma once

#include "../conv_last/conv_last.hpp"

namespace fs {

// Rows and columns of the image that a tile of TY x TX reaches.
template <class S, int TY, int TX>
struct depthwise_reach {
  static constexpr int rows = static_cast<int>((TY - 1) * S::sy + (S::kh - 1) * S::dy + 1),
                       columns = static_cast<int>((TX - 1) * S::sx + (S::kw - 1) * S::dx + 1);
};

// Where the pixel at (y, x) of a tile's reach lies: inside of the image at fixed distances, at its edges from a table.
template <class S, class T>
struct depthwise_last_inside {
  const T* p;
  FS_INLINE const T* at(int y, int x) const { return p + (y * S::columns + x) * S::channels; }
};
template <class T, int Columns>
struct depthwise_edge {
  const T* const* p;
  FS_INLINE const T* at(int y, int x) const { return p[y * Columns + x]; }
};

// The tap whose product with pixel `at` belongs to position `t` of the tile; -1: none.
constexpr int tap_of(int at, int t, int64_t stride, int64_t dilation, int64_t taps) {
  const int64_t distance = at - t * stride;
  return distance < 0 || distance % dilation != 0 || distance / dilation >= taps ? -1 : static_cast<int>(distance / dilation);
}

struct depthwise_f32 {
  using type = float;
  using weight = float;
  // Rows by columns of a tile.
  template <class S>
  static constexpr int tile_rows = S::kh * S::kw > 25 ? 1 : 2;
  static constexpr int tile_columns = 4;

  template <class S, int TY, int TX, class A, class Init, class Epi, class Lanes>
  static FS_INLINE void vector(const A& a, const float* w, int64_t c, int64_t position, const Init& init, const Epi& epi, Lanes lanes) {
    using reach = depthwise_reach<S, TY, TX>;
    f32x sum[TY][TX];
#pragma GCC unroll 4
    for (int ty = 0; ty < TY; ty++)
#pragma GCC unroll 4
      for (int tx = 0; tx < TX; tx++) sum[ty][tx] = init(position + ty * S::out_columns + tx, c, lanes);
#pragma GCC unroll 32
    for (int y = 0; y < reach::rows; y++)
#pragma GCC unroll 64
      for (int x = 0; x < reach::columns; x++) {
        bool read = false;
        f32x v = zero();
#pragma GCC unroll 4
        for (int ty = 0; ty < TY; ty++)
#pragma GCC unroll 4
          for (int tx = 0; tx < TX; tx++) {
            const int ky = tap_of(y, ty, S::sy, S::dy, S::kh), kx = tap_of(x, tx, S::sx, S::dx, S::kw);
            if (ky < 0 || kx < 0) continue;
            if (!read) v = load(a.at(y, x) + c, lanes);
            read = true;
            sum[ty][tx] = fma(load(w + (ky * S::kw + kx) * S::channels + c, lanes), v, sum[ty][tx]);
          }
      }
#pragma GCC unroll 4
    for (int ty = 0; ty < TY; ty++)
#pragma GCC unroll 4
      for (int tx = 0; tx < TX; tx++) epi(position + ty * S::out_columns + tx, c, sum[ty][tx], lanes);
  }

  template <class S, int TY, int TX, class A, class Init, class Epi>
  static __attribute__((noinline)) void tile(A a, const float* w, int64_t position, const Init& init, const Epi& epi) {
    constexpr int64_t whole = S::channels / f32_lanes * f32_lanes;
    constexpr int rest = static_cast<int>(S::channels % f32_lanes);
    for (int64_t c = 0; c < whole; c += f32_lanes) vector<S, TY, TX>(a, w, c, position, init, epi, all_lanes{});
    if constexpr (rest > 0) vector<S, TY, TX>(a, w, whole, position, init, epi, rest);
  }
};

template <int32_t Flip>
struct depthwise_i8 {
  using type = std::conditional_t<Flip == 0, uint8_t, int8_t>;
  using weight = int8_t;
  template <class S>
  static constexpr int tile_rows = S::dy == 1 ? (S::sy == 1 ? 4 : 2) : 1;
  static constexpr int tile_columns = 1;
  template <class S>
  static constexpr int groups = static_cast<int>((S::kw + 3) / 4);

  template <class S>
  static FS_INLINE const int32_t* weights(const int8_t* w, int ky, int g, int64_t c) {
    return reinterpret_cast<const int32_t*>(w) + (ky * groups<S> + g) * S::channels + c;
  }

#if defined(FS_GEMM_VNNI)
  // 64 channels of up to four taps, as four vectors of 16 channels with their taps in the bytes of a lane.
  struct four {
    __m512i v[4];
  };
  static constexpr int width = 64;
  template <class S, class A>
  static FS_INLINE four interleave(const A& a, int y, int g, int64_t c, int channels) {
    // So that the unpacking, which stays within 128 bits, leaves neighbours together: dwords as a transposed 4 x 4.
    const __m512i turn = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
    const __mmask64 mask = channels >= 64 ? ~0ull : (1ull << channels) - 1;
    __m512i t[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      if (g * 4 + i >= S::kw) {
        t[i] = _mm512_setzero_si512();
        continue;
      }
      const type* const from = a.at(y, static_cast<int>((g * 4 + i) * S::dx)) + c;
      const __m512i bytes = channels >= 64 ? _mm512_loadu_si512(from) : _mm512_maskz_loadu_epi8(mask, from);
      t[i] = _mm512_permutexvar_epi32(turn, Flip == 0 ? bytes : _mm512_xor_si512(bytes, _mm512_set1_epi32(Flip)));
    }
    const __m512i low01 = _mm512_unpacklo_epi8(t[0], t[1]), high01 = _mm512_unpackhi_epi8(t[0], t[1]);
    const __m512i low23 = _mm512_unpacklo_epi8(t[2], t[3]), high23 = _mm512_unpackhi_epi8(t[2], t[3]);
    return {{_mm512_unpacklo_epi16(low01, low23), _mm512_unpackhi_epi16(low01, low23), _mm512_unpacklo_epi16(high01, high23),
             _mm512_unpackhi_epi16(high01, high23)}};
  }
#else
  struct four {
    i32x v[1];
  };
  static constexpr int width = f32_lanes;
  static FS_INLINE auto lanes_of(i32x v) {
#if defined(FS_SIMD_AVX512) || defined(FS_SIMD_AVX2)
    using arithmetic = i8_arithmetic<0>;
    return typename arithmetic::a_group{bit_and(v, broadcast(0x00ff00ff)), arithmetic::high_bytes(v)};
#else
    return v;
#endif
  }
  template <class S, class A>
  static FS_INLINE four interleave(const A& a, int y, int g, int64_t c, int channels) {
    i32x lanes = broadcast(int32_t{0});
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
      if (g * 4 + i >= S::kw) continue;
      const uint8_t* const from = reinterpret_cast<const uint8_t*>(a.at(y, static_cast<int>((g * 4 + i) * S::dx)) + c);
      const i32x bytes = channels >= f32_lanes ? load_u8(from) : load_u8(from, channels);
      lanes = bit_or(lanes, i == 0 ? bytes : shift_left(bytes, 8 * i));
    }
    return {{Flip == 0 ? lanes : bit_xor(lanes, broadcast(Flip))}};
  }
#endif

  // `Channels` of them from c on.
  template <class S, int TY, int Channels, class A, class Init, class Epi>
  static FS_INLINE void vectors(const A& a, const int8_t* w, int64_t c, int64_t position, const Init& init, const Epi& epi) {
    constexpr int V = (Channels + f32_lanes - 1) / f32_lanes, last = Channels - (V - 1) * f32_lanes;
    const auto each = [&](int v, auto&& f) __attribute__((always_inline)) {
      if constexpr (last == f32_lanes)
        f(all_lanes{});
      else if (v + 1 < V)
        f(all_lanes{});
      else
        f(last);
    };
    i32x sum[TY][V];
#pragma GCC unroll 4
    for (int ty = 0; ty < TY; ty++)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++)
        each(v, [&](auto lanes) __attribute__((always_inline)) {
          sum[ty][v] = init(position + ty * S::out_columns, c + v * f32_lanes, lanes);
        });
#pragma GCC unroll 32
    for (int y = 0; y < depthwise_reach<S, TY, 1>::rows; y++)
#pragma GCC unroll 8
      for (int g = 0; g < groups<S>; g++) {
        const four x = interleave<S>(a, y, g, c, Channels);
#pragma GCC unroll 4
        for (int ty = 0; ty < TY; ty++) {
          const int ky = tap_of(y, ty, S::sy, S::dy, S::kh);
          if (ky < 0) continue;
#pragma GCC unroll 4
          for (int v = 0; v < V; v++)
            each(v, [&](auto lanes) __attribute__((always_inline)) {
              using arithmetic = i8_arithmetic<0>;
              const auto b = arithmetic::split(load(weights<S>(w, ky, g, c + v * f32_lanes), lanes));
#if defined(FS_GEMM_VNNI)
              sum[ty][v] = arithmetic::multiply_add(i32x{x.v[v]}, b, sum[ty][v]);
#else
              sum[ty][v] = arithmetic::multiply_add(lanes_of(x.v[v]), b, sum[ty][v]);
#endif
            });
        }
      }
#pragma GCC unroll 4
    for (int ty = 0; ty < TY; ty++)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++)
        each(v, [&](auto lanes) __attribute__((always_inline)) {
          epi(position + ty * S::out_columns, c + v * f32_lanes, sum[ty][v], lanes);
        });
  }

  template <class S, int TY, int TX, class A, class Init, class Epi>
  static __attribute__((noinline)) void tile(A a, const int8_t* w, int64_t position, const Init& init, const Epi& epi) {
    static_assert(TX == 1, "one column at a time");
    constexpr int64_t whole = S::channels / width * width;
    constexpr int rest = static_cast<int>(S::channels % width);
    for (int64_t c = 0; c < whole; c += width) vectors<S, TY, width>(a, w, c, position, init, epi);
    if constexpr (rest > 0) vectors<S, TY, rest>(a, w, whole, position, init, epi);
  }
};

// The tiles of TY rows from output row `oy` on.
template <class X, class S, int TY, class Init, class Epi>
FS_INLINE void depthwise_last_rows(int64_t oy, int64_t position, const typename X::type* x, const typename X::weight* w,
                                   const typename X::type* fills, const Init& init, const Epi& epi) {
  using T = typename X::type;
  constexpr int TX = X::tile_columns < S::out_columns ? X::tile_columns : static_cast<int>(S::out_columns);
  const int64_t y0 = oy * S::sy - S::top;
  const auto tile = [&](int64_t ox, auto columns) __attribute__((always_inline)) {
    constexpr int W = decltype(columns)::value;
    using reach = depthwise_reach<S, TY, W>;
    const int64_t x0 = ox * S::sx - S::left;
    if (y0 >= 0 && y0 + reach::rows <= S::rows && x0 >= 0 && x0 + reach::columns <= S::columns) {
      const depthwise_last_inside<S, T> a{x + (y0 * S::columns + x0) * S::channels};
      X::template tile<S, TY, W>(a, w, position + ox, init, epi);
      return;
    }
    const T* pixels[reach::rows * reach::columns];
    for (int i = 0; i < reach::rows; i++)
      for (int j = 0; j < reach::columns; j++) {
        const bool inside = y0 + i >= 0 && y0 + i < S::rows && x0 + j >= 0 && x0 + j < S::columns;
        pixels[i * reach::columns + j] = inside ? x + ((y0 + i) * S::columns + x0 + j) * S::channels : fills;
      }
    X::template tile<S, TY, W>(depthwise_edge<T, reach::columns>{pixels}, w, position + ox, init, epi);
  };
  constexpr int64_t whole = S::out_columns / TX * TX, rest = S::out_columns % TX;
  for (int64_t ox = 0; ox < whole; ox += TX) tile(ox, fixed<TX>{});
  if constexpr (rest > 0) tile(whole, fixed<rest>{});
}

// Where the number of rows is known, only the last tile that occurs is instantiated (build time!).
template <class X, class S, class Rows, class Init, class Epi>
FS_INLINE void depthwise_last(int64_t row, Rows rows, const typename X::type* x, const typename X::weight* w,
                              typename X::type* fills, typename X::type fill, const Init& init, const Epi& epi) {
  constexpr int TY = X::template tile_rows<S>;
  fill_elements(fills, S::channels, fill);
  int64_t i = 0;
  const auto last = [&](auto left) __attribute__((always_inline)) {
    depthwise_last_rows<X, S, decltype(left)::value>(row + i, i * S::out_columns, x, w, fills, init, epi);
  };
  if constexpr (fixed_or<Rows>(TY) >= TY)
    for (; i + TY <= rows; i += TY) depthwise_last_rows<X, S, TY>(row + i, i * S::out_columns, x, w, fills, init, epi);
  if constexpr (!is_fixed<Rows>::value)
    with_rows<TY - 1>(rows - i, last);
  else if constexpr (fixed_or<Rows>(0) % TY != 0)
    last(fixed<fixed_or<Rows>(0) % TY>{});
}

template <class S, class Rows, class Init, class Epi>
FS_INLINE void depthwise_last_f32(int64_t row, Rows rows, const float* x, const float* w, float* fills, const Init& init,
                                  const Epi& epi) {
  depthwise_last<depthwise_f32, S>(row, rows, x, w, fills, 0.0f, init, epi);
}
template <class S, class Rows, class Init, class Epi>
FS_INLINE void depthwise_last_u8s8(int64_t row, Rows rows, const uint8_t* x, const int8_t* w, uint8_t* fills, uint8_t fill,
                                   const Init& init, const Epi& epi) {
  depthwise_last<depthwise_i8<0>, S>(row, rows, x, w, fills, fill, init, epi);
}
template <class S, class Rows, class Init, class Epi>
FS_INLINE void depthwise_last_s8s8(int64_t row, Rows rows, const int8_t* x, const int8_t* w, int8_t* fills, int8_t fill,
                                   const Init& init, const Epi& epi) {
  depthwise_last<depthwise_i8<static_cast<int32_t>(0x80808080u)>, S>(row, rows, x, w, fills, fill, init, epi);
}

}  // namespace fs

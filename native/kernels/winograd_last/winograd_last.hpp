// Convolution with 3 x 3 taps of an image whose channels are the last axis by F(2x2, 3x3) (S. Winograd; A. Lavin, S. Gray, arXiv 1509.09308): 16
// products for four elements of the result instead of 36, between sums and differences of the image and of the kernel.
//
// Contract (scalar meaning: conv_last_ref in ../conv_last/conv_last_ref.hpp, with the kernel before it was transformed)
//   winograd_last_f32<S, TY>(row, rows, n, x, u, scratch, init, epi)
//   For the output rows [row, row + rows), rows <= 2 TY, row even, all columns and output channels j < n, with i = (oy - row) * S::out_columns +
//   ox, acc(i, j) is init(i, j) plus the convolution as conv_last_f32 computes it, up to rounding; then epi(i, j, acc, lanes), once each.
//   - S: window_last<...> with 3 x 3 taps, strides and dilations of 1.
//   - x: one image, dense. u: column panels [n/NR][16][channels][NR], zero padded, of G w G' with G = {1 0 0; 1/2 1/2 1/2; 1/2 -1/2 1/2; 0 0 1}.
//   - scratch: winograd_last_scratch<S, TY>() floats.
//   - The error is about that of the direct sum: all factors are 1 or 1/2, and sums are a ninth as long.
//   - Nothing outside of x, the panels of u and scratch is touched.
#pragma once

#include "../conv_last/conv_last.hpp"

namespace fs {

template <class S, int TY>
struct winograd_sizes {
  // Tiles of 2 x 2 elements, in groups that are the rows of a register tile.
  static constexpr int columns = static_cast<int>((S::out_columns + 1) / 2), tiles = TY * columns,
                       groups = (tiles + gemm_f32_mr - 1) / gemm_f32_mr, group = (tiles + groups - 1) / groups;
  // From one of the 16 transformed images to the next: apart from multiples of the page, so that all of them fit the cache.
  static constexpr int64_t image = tiles * S::channels + 16, sums = int64_t{16} * group * gemm_f32_nr;
};

template <class S, int TY>
constexpr int64_t winograd_last_scratch() {
  using sizes = winograd_sizes<S, TY>;
  return 16 * sizes::image + sizes::sums + S::channels;
}

// B' d B for 4 x 4 pixels, a vector of channels each.
template <class At, class Lanes>
FS_INLINE void winograd_image_tile(const At& at, float* to, int64_t image, Lanes lanes) {
  f32x d[4][4];
#pragma GCC unroll 4
  for (int x = 0; x < 4; x++) {
    const f32x a = load(at(0, x), lanes), b = load(at(1, x), lanes), c = load(at(2, x), lanes), e = load(at(3, x), lanes);
    d[0][x] = sub(a, c), d[1][x] = add(b, c), d[2][x] = sub(c, b), d[3][x] = sub(b, e);
  }
#pragma GCC unroll 4
  for (int y = 0; y < 4; y++) {
    float* const line = to + 4 * y * image;
    store(line, sub(d[y][0], d[y][2]), lanes);
    store(line + image, add(d[y][1], d[y][2]), lanes);
    store(line + 2 * image, sub(d[y][2], d[y][1]), lanes);
    store(line + 3 * image, sub(d[y][1], d[y][3]), lanes);
  }
}

template <class S, int TY>
__attribute__((noinline)) void winograd_image(int64_t row, const float* x, const float* zeros, float* to) {
  using sizes = winograd_sizes<S, TY>;
  constexpr int64_t C = S::channels, whole = C / f32_lanes * f32_lanes;
  constexpr int rest = static_cast<int>(C % f32_lanes);
  for (int64_t t = 0; t < sizes::tiles; t++, to += C) {
    const int64_t y0 = row + t / sizes::columns * 2 - S::top, x0 = t % sizes::columns * 2 - S::left;
    const float* pixels[4][4];
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        const bool inside = y0 + i >= 0 && y0 + i < S::rows && x0 + j >= 0 && x0 + j < S::columns;
        pixels[i][j] = inside ? x + ((y0 + i) * S::columns + x0 + j) * C : zeros;
      }
    for (int64_t c = 0; c < whole; c += f32_lanes)
      winograd_image_tile([&](int i, int j) __attribute__((always_inline)) { return pixels[i][j] + c; }, to + c, sizes::image, all_lanes{});
    if constexpr (rest > 0)
      winograd_image_tile([&](int i, int j) __attribute__((always_inline)) { return pixels[i][j] + whole; }, to + whole, sizes::image, rest);
  }
}

// A' m A of one tile, with the sums of its 16 products `step` apart: four elements, those inside of the result to the epilogue.
template <class S, class Init, class Epi, class Lanes>
FS_INLINE void winograd_result_tile(const float* m, int64_t step, int64_t rows, int64_t oy, int64_t ox, int64_t col, const Init& init,
                                    const Epi& epi, Lanes lanes) {
  f32x t[2][4];
#pragma GCC unroll 4
  for (int x = 0; x < 4; x++) {
    const f32x a = load(m + x * step), b = load(m + (4 + x) * step), c = load(m + (8 + x) * step), d = load(m + (12 + x) * step);
    t[0][x] = add(add(a, b), c), t[1][x] = sub(sub(b, c), d);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    if (oy + i >= rows) continue;
    const int64_t at = (oy + i) * S::out_columns + ox;
    epi(at, col, add(add(add(t[i][0], t[i][1]), t[i][2]), init(at, col, lanes)), lanes);
    if (ox + 1 < S::out_columns) epi(at + 1, col, add(sub(sub(t[i][1], t[i][2]), t[i][3]), init(at + 1, col, lanes)), lanes);
  }
}

// One group of tiles against one panel of V vectors, the last with `lanes`.
template <class S, int TY, int Group, int V, class Init, class Epi, class Lanes>
__attribute__((noinline)) void winograd_group(int64_t first, int64_t rows, const float* images, const float* u, float* sums, int64_t col,
                                              const Init& init, const Epi& epi, Lanes lanes) {
  using sizes = winograd_sizes<S, TY>;
  constexpr int64_t C = S::channels, NR = gemm_f32_nr, step = Group * NR;
  for (int e = 0; e < 16; e++)
    gemm_tile<f32_arithmetic, Group, V>(a_rows<float, fixed<C>>{images + e * sizes::image + first * C, {}}, u + e * C * NR, fixed<NR>{},
                                        fixed<C>{}, 0, 0, gemm_zero{}, gemm_store{sums + e * step, NR}, all_lanes{}, true);
  for (int64_t t = 0; t < Group; t++) {
    const int64_t oy = (first + t) / sizes::columns * 2, ox = (first + t) % sizes::columns * 2;
    if (oy >= rows) break;
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      const float* const m = sums + t * NR + v * f32_lanes;
      if (v + 1 < V)
        winograd_result_tile<S>(m, step, rows, oy, ox, col + v * f32_lanes, init, epi, all_lanes{});
      else
        winograd_result_tile<S>(m, step, rows, oy, ox, col + v * f32_lanes, init, epi, lanes);
    }
  }
}

template <class S, int TY, int V, class Init, class Epi, class Lanes>
FS_INLINE void winograd_panel(int64_t rows, const float* images, const float* u, float* sums, int64_t col, const Init& init, const Epi& epi,
                              Lanes lanes) {
  using sizes = winograd_sizes<S, TY>;
  constexpr int64_t whole = sizes::tiles / sizes::group * sizes::group, rest = sizes::tiles % sizes::group;
  for (int64_t first = 0; first < whole; first += sizes::group)
    winograd_group<S, TY, sizes::group, V>(first, rows, images, u, sums, col, init, epi, lanes);
  if constexpr (rest > 0) winograd_group<S, TY, rest, V>(whole, rows, images, u, sums, col, init, epi, lanes);
}

template <class S, int TY, int V, class Init, class Epi>
FS_INLINE void winograd_narrow(int64_t width, int64_t rows, const float* images, const float* u, float* sums, int64_t col, const Init& init,
                               const Epi& epi) {
  if constexpr (V > 0) {
    if (width > (V - 1) * f32_lanes)
      winograd_panel<S, TY, V>(rows, images, u, sums, col, init, epi, static_cast<int>(width - (V - 1) * f32_lanes));
    else
      winograd_narrow<S, TY, V - 1>(width, rows, images, u, sums, col, init, epi);
  }
}

template <class S, int TY, class N, class Init, class Epi>
FS_INLINE void winograd_last_f32(int64_t row, int64_t rows, N n, const float* x, const float* u, float* scratch, const Init& init,
                                 const Epi& epi) {
  static_assert(S::kh == 3 && S::kw == 3 && S::sy == 1 && S::sx == 1 && S::dy == 1 && S::dx == 1, "3 x 3 taps one after the other");
  using sizes = winograd_sizes<S, TY>;
  constexpr int64_t NR = gemm_f32_nr, depth = 16 * S::channels;
  float* const sums = scratch + 16 * sizes::image;
  float* const zeros = sums + sizes::sums;
  fill_elements(zeros, S::channels, 0.0f);
  winograd_image<S, TY>(row, x, zeros, scratch);
  int64_t col = 0;
  for (; col + NR <= n; col += NR)
    winograd_panel<S, TY, gemm_f32_nv>(rows, scratch, u + col * depth, sums, col, init, epi, all_lanes{});
  if constexpr (is_fixed<N>::value) {
    constexpr int width = static_cast<int>(N::value % NR), V = (width + f32_lanes - 1) / f32_lanes, lanes = width - (V - 1) * f32_lanes;
    if constexpr (width > 0 && lanes == f32_lanes)
      winograd_panel<S, TY, V>(rows, scratch, u + col * depth, sums, col, init, epi, all_lanes{});
    if constexpr (width > 0 && lanes != f32_lanes) winograd_panel<S, TY, V>(rows, scratch, u + col * depth, sums, col, init, epi, lanes);
  } else if (col < n) {
    winograd_narrow<S, TY, gemm_f32_nv>(n - col, rows, scratch, u + col * depth, sums, col, init, epi);
  }
}

}  // namespace fs

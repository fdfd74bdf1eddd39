// f32 convolution of one image and one group as a matrix product: kernel matrix (rows = output channels) times the unfolded image (columns =
// output positions). The unfolded image never exists as a whole: blocks of it are put into column panels just before they are used.
//
// Contract (scalar meaning in conv_f32_ref.hpp)
//   conv_f32<R, REST, TAIL>(y, x, w, bias, scratch, block, k, geometry)
//   y(i, j) = bias(i) + sum over p < k of w(i, p) * unfolded(p, j) for the rows and columns of `block`, stored at y[i * columns + j].
//   - p = ((c * kz + tz) * ky + ty) * kx + tx runs over channels and taps; j = (oz * oy + y) * ox + x over output positions.
//   - unfolded(p, j) is the element of channel c at o * stride + t * dilation - begin on each axis, and 0 where that is outside.
//   - w: row panels [rows / R][k][R], zero padded (pack_a<R>); REST: the rows of a last, shorter tile (0: none).
//   - TAIL: vectors in the last, narrower column panel of the whole image (0: the columns are whole panels).
//   - block: first row (a multiple of R), rows, first column (a multiple of the panel width), columns.
//   - bias: one per row, or null. scratch: conv_f32_scratch(block.columns, k) floats, overwritten.
//   - Sums run over p in order with one fma each (small tiles: several interleaved partial sums), in steps of conv_f32_depth whose partial
//   sums pass through y, so results do not depend on how the work is split.
//   - Nothing outside of the channels of x, the panels of w, the rows of y in the block, and scratch is touched.
#pragma once

#include "../gemm_f32/gemm_f32.hpp"

namespace fs {

// Steps of k for which a block of columns stays in the second-level cache beside a tile of rows.
constexpr int64_t conv_f32_depth = 256;

// An axis: output position o and tap t read input position o * stride + t * dilation - begin.
struct conv_axis {
  int64_t input, kernel, stride, dilation, begin, output;
};
struct conv_geometry {
  conv_axis z, y, x;
  int64_t columns() const { return z.output * y.output * x.output; }
};
struct conv_block {
  int64_t row, rows, column, columns;
};

// One vector more than the panels hold, because rows of a panel are written in whole vectors.
constexpr int64_t conv_f32_scratch(int64_t columns, int64_t k) {
  return round_up(columns, gemm_f32_nr) * (k < conv_f32_depth ? k : conv_f32_depth) + gemm_f32_nr;
}

// Columns of a panel that lie in one output row: their place in the panel, the output position of the first, how many they are.
struct conv_run {
  int64_t at, z, y, x, length;
};

struct conv_unfold {
  const conv_geometry& g;
  const float* image;
  conv_run runs[gemm_f32_nr];
  int count = 0;

  // The runs of the columns [first, first + width).
  FS_INLINE void panel(int64_t first, int64_t width) {
    count = 0;
    for (int64_t j = 0; j < width;) {
      const int64_t x = (first + j) % g.x.output, rest = (first + j) / g.x.output;
      const int64_t length = width - j < g.x.output - x ? width - j : g.x.output - x;
      runs[count++] = {j, rest / g.y.output, rest % g.y.output, x, length};
      j += length;
    }
  }

  // Elements of one run: consecutive ones for stride 1. Stores whole vectors: what it writes too much is overwritten by what comes next.
  FS_INLINE void row(float* to, const float* from, int64_t x0, int64_t length) const {
    const int64_t s = g.x.stride, in = g.x.input;
    const int64_t lo = x0 >= 0 ? 0 : (-x0 + s - 1) / s;
    int64_t hi = in - x0 <= 0 ? 0 : (in - x0 + s - 1) / s;
    if (hi > length) hi = length;
    if (lo > 0 || hi <= lo)
      for (int64_t i = 0; i < length; i += f32_lanes) store(to + i, zero());
    if (hi <= lo) return;
    if (s == 1) {
      int64_t i = lo;
      for (; i + f32_lanes <= hi; i += f32_lanes) store(to + i, load(from + x0 + i));
      if (i < hi) store(to + i, load(from + x0 + i, static_cast<int>(hi - i)));
    } else {
      for (int64_t i = lo; i < hi; i++) to[i] = from[x0 + i * s];
    }
    for (int64_t i = hi; i < length; i++) to[i] = 0.0f;
  }

  // Steps [k0, k1) of the panel, NR columns each.
  void operator()(float* to, int64_t k0, int64_t k1) const {
    int64_t tx = k0 % g.x.kernel, rest = k0 / g.x.kernel;
    int64_t ty = rest % g.y.kernel;
    rest /= g.y.kernel;
    int64_t tz = rest % g.z.kernel, c = rest / g.z.kernel;
    const int64_t plane = g.z.input * g.y.input * g.x.input;
    const int64_t end = count == 0 ? 0 : runs[count - 1].at + runs[count - 1].length;
    for (int64_t k = k0; k < k1; k++, to += gemm_f32_nr) {
      for (int r = 0; r < count; r++) {
        const conv_run& run = runs[r];
        const int64_t z = run.z * g.z.stride + tz * g.z.dilation - g.z.begin, y = run.y * g.y.stride + ty * g.y.dilation - g.y.begin;
        if (z >= 0 && z < g.z.input && y >= 0 && y < g.y.input)
          row(to + run.at, image + c * plane + (z * g.y.input + y) * g.x.input, run.x * g.x.stride + tx * g.x.dilation - g.x.begin,
              run.length);
        else
          for (int64_t i = 0; i < run.length; i += f32_lanes) store(to + run.at + i, zero());
      }
      for (int64_t i = end; i < gemm_f32_nr; i++) to[i] = 0.0f;
      if (++tx == g.x.kernel) {
        tx = 0;
        if (++ty == g.y.kernel) {
          ty = 0;
          if (++tz == g.z.kernel) tz = 0, c++;
        }
      }
    }
  }
};

// One row panel of the kernel matrix, R rows wide.
struct conv_rows {
  const float* p;
  int64_t width;
  template <int Group>
  FS_INLINE const float* at(int r, int64_t step) const {
    return p + step * width + r;
  }
};

// The bias of the row, or the partial sums of the steps before.
struct conv_start {
  const float* bias;
  const float* partial;
  int64_t ld;
  template <class Lanes>
  FS_INLINE f32x operator()(int64_t row, int64_t col, Lanes lanes) const {
    if (partial != nullptr) return load(partial + row * ld + col, lanes);
    return bias != nullptr ? broadcast(bias[row]) : zero();
  }
};

// Row tiles of one step over k against one panel.
template <int R, int REST, int V, class Lanes>
FS_INLINE void conv_panel(const conv_block& block, const float* w, int64_t k, int64_t k0, int64_t steps, const float* panel, int64_t col,
                          const conv_start& start, const gemm_store& end, Lanes lanes) {
  const int64_t last = block.row + block.rows;
  for (int64_t row = block.row; row < last; row += R) {
    const conv_rows a{w + row * k + k0 * R, R};
    if (row + R <= last)
      gemm_tile<f32_arithmetic, R, V>(a, panel, fixed<gemm_f32_nr>{}, steps, row, col, start, end, lanes, true);
    else if constexpr (REST > 0)
      gemm_tile<f32_arithmetic, REST, V>(a, panel, fixed<gemm_f32_nr>{}, steps, row, col, start, end, lanes, true);
  }
}

template <int R, int REST, int TAIL>
__attribute__((noinline)) void conv_f32(float* y, const float* x, const float* w, const float* bias, float* scratch,
                                        const conv_block& block, int64_t k, const conv_geometry& g) {
  constexpr int64_t NR = gemm_f32_nr;
  const int64_t columns = g.columns(), last = block.column + block.columns;
  conv_unfold unfold{g, x, {}, 0};
  const gemm_store end{y, columns};
  int64_t k0 = 0;
  do {
    const int64_t k1 = k - k0 < conv_f32_depth ? k : k0 + conv_f32_depth, steps = k1 - k0;
    const conv_start start{bias, k0 == 0 ? nullptr : y, columns};
    float* panel = scratch;
    for (int64_t col = block.column; col < last; col += NR, panel += NR * steps) {
      unfold.panel(col, last - col < NR ? last - col : NR);
      unfold(panel, k0, k1);
      if (last - col >= NR) {
        conv_panel<R, REST, gemm_f32_nv>(block, w, k, k0, steps, panel, col, start, end, all_lanes{});
      } else if constexpr (TAIL > 0) {
        conv_panel<R, REST, TAIL>(block, w, k, k0, steps, panel, col, start, end, static_cast<int>(last - col - (TAIL - 1) * f32_lanes));
      }
    }
    k0 = k1;
  } while (k0 < k);
}

}  // namespace fs

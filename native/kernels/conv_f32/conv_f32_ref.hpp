// The meaning of conv_f32: loops over the result, products and sums in double, rounded once.
#pragma once

#include "conv_f32.hpp"

namespace fs {

// w: rows x k, row-major. The block of y (row stride: columns of the geometry).
inline void conv_f32_ref(float* y, const float* x, const float* w, const float* bias, const conv_block& block, int64_t k,
                         const conv_geometry& g) {
  const int64_t taps = g.z.kernel * g.y.kernel * g.x.kernel, plane = g.z.input * g.y.input * g.x.input;
  for (int64_t i = block.row; i < block.row + block.rows; i++)
    for (int64_t j = block.column; j < block.column + block.columns; j++) {
      double sum = bias == nullptr ? 0.0 : bias[i];
      for (int64_t p = 0; p < k; p++) {
        const int64_t tap = p % taps;
        const auto at = [](const conv_axis& a, int64_t o, int64_t t) { return o * a.stride + t * a.dilation - a.begin; };
        const int64_t ix = at(g.x, j % g.x.output, tap % g.x.kernel);
        const int64_t iy = at(g.y, j / g.x.output % g.y.output, tap / g.x.kernel % g.y.kernel);
        const int64_t iz = at(g.z, j / g.x.output / g.y.output, tap / g.x.kernel / g.y.kernel);
        if (ix < 0 || ix >= g.x.input || iy < 0 || iy >= g.y.input || iz < 0 || iz >= g.z.input) continue;
        sum += static_cast<double>(w[i * k + p]) * x[p / taps * plane + (iz * g.y.input + iy) * g.x.input + ix];
      }
      y[i * g.columns() + j] = static_cast<float>(sum);
    }
}

}  // namespace fs

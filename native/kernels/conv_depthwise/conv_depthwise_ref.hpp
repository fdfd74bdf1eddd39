// The meaning of conv_depthwise, in double.
#pragma once

#include <cstdint>

namespace fs {

inline double conv_depthwise_ref(const float* x, const float* w, int64_t kh, int64_t kw, int64_t stride, int64_t rows, int64_t columns,
                                 int64_t top, int64_t left, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t ky = 0; ky < kh; ky++)
    for (int64_t kx = 0; kx < kw; kx++) {
      const int64_t y = i * stride + ky - top, c = j * stride + kx - left;
      if (y >= 0 && y < rows && c >= 0 && c < columns) sum += static_cast<double>(w[ky * kw + kx]) * x[y * columns + c];
    }
  return sum;
}

}  // namespace fs

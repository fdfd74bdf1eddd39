// The meaning of conv_last_f32, conv_last_u8s8 and conv_last_s8s8, and of their depthwise siblings, for one element of the result.
#pragma once

#include <cstdint>

namespace fs {

// Position (oy, ox), output channel j of n, w as [kh, kw, channels, n]; sums in Sum.
template <class S, class Sum, class T, class W>
Sum conv_last_ref(const T* x, const W* w, int64_t n, int64_t oy, int64_t ox, int64_t j, T fill, Sum shift) {
  Sum sum = 0;
  for (int64_t ky = 0; ky < S::kh; ky++)
    for (int64_t kx = 0; kx < S::kw; kx++)
      for (int64_t c = 0; c < S::channels; c++) {
        const int64_t y = oy * S::sy + ky * S::dy - S::top, z = ox * S::sx + kx * S::dx - S::left;
        const bool inside = y >= 0 && y < S::rows && z >= 0 && z < S::columns;
        const Sum element = static_cast<Sum>(inside ? x[(y * S::columns + z) * S::channels + c] : fill) + shift;
        sum += element * static_cast<Sum>(w[((ky * S::kw + kx) * S::channels + c) * n + j]);
      }
  return sum;
}

// Position (oy, ox) of channel c, w as [kh, kw, channels].
template <class S, class Sum, class T, class W>
Sum depthwise_last_ref(const T* x, const W* w, int64_t oy, int64_t ox, int64_t c, T fill, Sum shift) {
  Sum sum = 0;
  for (int64_t ky = 0; ky < S::kh; ky++)
    for (int64_t kx = 0; kx < S::kw; kx++) {
      const int64_t y = oy * S::sy + ky * S::dy - S::top, z = ox * S::sx + kx * S::dx - S::left;
      const bool inside = y >= 0 && y < S::rows && z >= 0 && z < S::columns;
      const Sum element = static_cast<Sum>(inside ? x[(y * S::columns + z) * S::channels + c] : fill) + shift;
      sum += element * static_cast<Sum>(w[(ky * S::kw + kx) * S::channels + c]);
    }
  return sum;
}

}  // namespace fs

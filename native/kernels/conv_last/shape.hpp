// Sizes of a convolution over images whose channels are the last axis: all of them are known when the code is written, so that addresses are
// constants of it.
#pragma once

#include <cstdint>
#include <cstring>

#include "../gemm/tile.hpp"

namespace fs {

// Image of Rows x Columns x Channels; KH x KW taps, strides, dilations, padding in front; columns of the result.
template <int64_t Rows, int64_t Columns, int64_t Channels, int64_t KH, int64_t KW, int64_t SY, int64_t SX, int64_t DY, int64_t DX,
          int64_t Top, int64_t Left, int64_t OutColumns>
struct window_last {
  static constexpr int64_t rows = Rows, columns = Columns, channels = Channels, kh = KH, kw = KW, sy = SY, sx = SX, dy = DY, dx = DX,
                           top = Top, left = Left, out_columns = OutColumns;
  // Rows and columns of the image that some rows, and all columns, of the result reach.
  static constexpr int64_t reach(int64_t out_rows) { return (out_rows - 1) * SY + (KH - 1) * DY + 1; }
  static constexpr int64_t width = (OutColumns - 1) * SX + (KW - 1) * DX + 1;
};

// `n` elements of the value.
template <class T>
FS_INLINE void fill_elements(T* to, int64_t n, T value) {
  if (n <= 0) return;
  if constexpr (sizeof(T) == 1)
    std::memset(to, static_cast<unsigned char>(value), static_cast<size_t>(n));
  else
    for (int64_t i = 0; i < n; i++) to[i] = value;
}

}  // namespace fs

// The meaning of products with weights of 4 bits in the layout of MatMulNBits (layout.hpp), in double.
#pragma once

#include <cstdint>

#include "../../simd/half.hpp"

namespace fs {

// Weight (p, j) of b: n x blocks x 16 bytes. `scale(i)` reads a scale; zeros: n x ceil(blocks / 2) bytes, or null (8).
template <class Scale>
inline double i4_weight_ref(const uint8_t* b, const Scale& scale, const uint8_t* zeros, int64_t k, int64_t p, int64_t j) {
  const int64_t blocks = (k + 31) / 32, block = p / 32;
  const int q = b[(j * blocks + block) * 16 + p % 32 / 2] >> 4 * (p % 2) & 15;
  const int zero = zeros == nullptr ? 8 : zeros[j * ((blocks + 1) / 2) + block / 2] >> 4 * (block % 2) & 15;
  return (q - zero) * static_cast<double>(scale(j * blocks + block));
}

// c (m x n, dense), and in `magnitude` the sum of absolute products.
template <class Scale>
inline void gemm_i4_ref(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const uint8_t* b, const Scale& scale,
                        const uint8_t* zeros, double* c, double* magnitude) {
  for (int64_t j = 0; j < n; j++)
    for (int64_t i = 0; i < m; i++) {
      double sum = 0, size = 0;
      for (int64_t p = 0; p < k; p++) {
        const double x = a[i * lda + p] * i4_weight_ref(b, scale, zeros, k, p, j);
        sum += x, size += x < 0 ? -x : x;
      }
      c[i * n + j] = sum, magnitude[i * n + j] = size;
    }
}

}  // namespace fs

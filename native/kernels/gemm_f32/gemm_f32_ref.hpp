// The meaning of gemm_f32 and gemm_f32_dot: three loops, products and sums in double, rounded once.
#pragma once

#include <cstdint>

namespace fs {

// c (m x n, row stride ldc) = start (may be null: zeros) + a (m x k) * b (k x n), all row-major.
inline void gemm_f32_ref(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b, int64_t ldb, const float* start,
                         float* c, int64_t ldc) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = start != nullptr ? start[i * ldc + j] : 0.0;
      for (int64_t p = 0; p < k; p++) sum += static_cast<double>(a[i * lda + p]) * b[p * ldb + j];
      c[i * ldc + j] = static_cast<float>(sum);
    }
}

}  // namespace fs

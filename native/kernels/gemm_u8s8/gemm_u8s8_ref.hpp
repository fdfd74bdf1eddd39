// The meaning of gemm_u8s8 (T = uint8_t) and, with -128 * colsum added, of gemm_s8s8 (T = int8_t): exact 32-bit sums.
#pragma once

#include <cstdint>

namespace fs {

// c (m x n, dense) = a (m x k, row stride lda) * b (k x n, dense).
template <class T>
inline void gemm_i8_ref(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const int8_t* b, int32_t* c) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      int32_t sum = 0;
      for (int64_t p = 0; p < k; p++) sum += static_cast<int32_t>(a[i * lda + p]) * b[p * n + j];
      c[i * n + j] = sum;
    }
}

}  // namespace fs

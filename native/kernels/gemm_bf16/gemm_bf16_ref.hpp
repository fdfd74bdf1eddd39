// The meaning of gemm_bf16: exact products of bf16 values, summed in double and rounded once to f32.
#pragma once

#include <cstdint>

#include "../../simd/half.hpp"

namespace fs {

// c (m x n, dense) = a (m x k, row stride lda) * b (k x n, dense).
inline void gemm_bf16_ref(int64_t m, int64_t n, int64_t k, const uint16_t* a, int64_t lda, const uint16_t* b, float* c) {
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t p = 0; p < k; p++) sum += static_cast<double>(bf16_to_f32(a[i * lda + p])) * bf16_to_f32(b[p * n + j]);
      c[i * n + j] = static_cast<float>(sum);
    }
}

}  // namespace fs

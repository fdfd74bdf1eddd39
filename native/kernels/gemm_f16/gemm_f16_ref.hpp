// The meaning of gemm_f16: exact products of f16 (or f32) and f16 values, summed in double and rounded once to f32.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../../simd/half.hpp"

namespace fs {

// c (m x n, dense) = a (m x k, row stride lda) * b (k x n, dense).
template <class T>
inline void gemm_f16_ref(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const uint16_t* b, float* c) {
  const auto wide = [](T x) {
    if constexpr (std::is_same_v<T, float>)
      return static_cast<double>(x);
    else
      return static_cast<double>(f16_to_f32(x));
  };
  for (int64_t i = 0; i < m; i++)
    for (int64_t j = 0; j < n; j++) {
      double sum = 0;
      for (int64_t p = 0; p < k; p++) sum += wide(a[i * lda + p]) * f16_to_f32(b[p * n + j]);
      c[i * n + j] = static_cast<float>(sum);
    }
}

}  // namespace fs

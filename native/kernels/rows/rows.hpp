// The functions of softmax.hpp and normalise.hpp over several rows at fixed distances: what the registry's kernels call.
#pragma once

#include "normalise.hpp"
#include "weights.hpp"

namespace fs {

template <masked_rows Masked = masked_rows::nan>
__attribute__((noinline)) void softmax_rows(float* y, int64_t ldy, const float* x, int64_t ldx, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) softmax_row<Masked>(y + r * ldy, x + r * ldx, n);
}
inline void log_softmax_rows(float* y, int64_t ldy, const float* x, int64_t ldx, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) log_softmax_row(y + r * ldy, x + r * ldx, n);
}
// gamma and beta may be null.
inline void layer_norm_rows(float* y, int64_t ldy, const float* x, int64_t ldx, const float* gamma, const float* beta, float epsilon,
                            int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) layer_norm_row(y + r * ldy, x + r * ldx, n, gamma, beta, epsilon);
}
inline void rms_norm_rows(float* y, int64_t ldy, const float* x, int64_t ldx, const float* gamma, float epsilon, int64_t rows, int64_t n) {
  for (int64_t r = 0; r < rows; r++) rms_norm_row(y + r * ldy, x + r * ldx, n, gamma, epsilon);
}

}  // namespace fs

// Normalisation of rows of f32, at once and in pieces (online).
//
//   layer_norm_row(y, x, n, gamma, beta, epsilon)   y = (x - mean) / sqrt(variance + epsilon) * gamma + beta
//   rms_norm_row(y, x, n, gamma, epsilon)           y = x / sqrt(mean of x^2 + epsilon) * gamma
//   row_moments{}.add(x, n)                         count, mean and sum of squared distances of what was added, piece by piece
//
// gamma and beta may be null (1 and 0). y may be x. Edges are masked. The variance is the mean of squared distances from the mean (three
// passes over the row, or over each piece, while it is in cache), so that a large mean costs no digits.
#pragma once

#include "../../math/rsqrt.hpp"
#include "softmax.hpp"

namespace fs {

// Sum over a row of f(x, lanes), 0 in lanes past the end.
template <class F>
FS_INLINE float row_sum(const float* x, int64_t n, const F& f) {
  f32x sum[4] = {zero(), zero(), zero(), zero()};
  int64_t i = 0;
  for (; i + 4 * f32_lanes <= n; i += 4 * f32_lanes)
#pragma GCC unroll 4
    for (int u = 0; u < 4; u++) sum[u] = add(sum[u], f(load(x + i + u * f32_lanes)));
  for (; i + f32_lanes <= n; i += f32_lanes) sum[0] = add(sum[0], f(load(x + i)));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    sum[0] = add(sum[0], select(first_lanes(rest), f(load(x + i, rest)), zero()));
  }
  return hadd(add(add(sum[0], sum[1]), add(sum[2], sum[3])));
}
// Mean and sum of squared distances from it. The distances are taken from a first, rounded mean; what they add up to corrects both.
struct row_center {
  float mean, spread;
};
FS_INLINE row_center center_of(const float* x, int64_t n) {
  const float count = static_cast<float>(n);
  const float first_mean = row_sum(x, n, [](f32x v) __attribute__((always_inline)) { return v; }) / count;
  const f32x c = broadcast(first_mean);
  f32x apart = zero();
  const float square = row_sum(x, n, [&](f32x v) __attribute__((always_inline)) { return mul(sub(v, c), sub(v, c)); });
  over_row(n, [&](int64_t i, auto lanes) __attribute__((always_inline)) {
    const f32x d = sub(load(x + i, lanes), c);
    if constexpr (std::is_same_v<decltype(lanes), all_lanes>)
      apart = add(apart, d);
    else
      apart = add(apart, select(first_lanes(lanes), d, zero()));
  });
  const float rest = hadd(apart), shift = rest / count;
  return {first_mean + shift, square - rest * shift};
}

// y = (x - mean) * factor * gamma + beta.
FS_INLINE void row_affine(float* y, const float* x, int64_t n, float mean, float factor, const float* gamma, const float* beta) {
  const f32x c = broadcast(mean), by = broadcast(factor);
  over_row(n, [&](int64_t i, auto lanes) __attribute__((always_inline)) {
    f32x v = mul(sub(load(x + i, lanes), c), by);
    if (gamma != nullptr && beta != nullptr)
      v = fma(v, load(gamma + i, lanes), load(beta + i, lanes));
    else if (gamma != nullptr)
      v = mul(v, load(gamma + i, lanes));
    else if (beta != nullptr)
      v = add(v, load(beta + i, lanes));
    store(y + i, v, lanes);
  });
}

inline void layer_norm_row(float* y, const float* x, int64_t n, const float* gamma, const float* beta, float epsilon) {
  const row_center c = center_of(x, n);
  row_affine(y, x, n, c.mean, first(rsqrt(broadcast(c.spread / static_cast<float>(n) + epsilon))), gamma, beta);
}

inline void rms_norm_row(float* y, const float* x, int64_t n, const float* gamma, float epsilon) {
  const float square = row_sum(x, n, [](f32x v) __attribute__((always_inline)) { return mul(v, v); }) / static_cast<float>(n);
  row_affine(y, x, n, 0, first(rsqrt(broadcast(square + epsilon))), gamma, nullptr);
}

// Moments of a row that comes in pieces; two pieces are put together exactly as Chan, Golub and LeVeque do.
struct row_moments {
  float count = 0, mean = 0, spread = 0;
  void add(const float* x, int64_t n) {
    if (n == 0) return;
    const row_center c = center_of(x, n);
    const float m = static_cast<float>(n), total = count + m, apart = c.mean - mean;
    spread += c.spread + apart * apart * (count * m / total);
    mean += apart * (m / total);
    count = total;
  }
  float variance() const { return spread / count; }
};

}  // namespace fs

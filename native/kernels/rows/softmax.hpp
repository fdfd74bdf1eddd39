// Softmax of rows of f32, at once and in pieces (online).
//
//   softmax_row<masked>(y, x, n)              y = e^(x - max) / sum of them
//   log_softmax_row(y, x, n)                  y = x - max - log(sum of e^(x - max))
//   softmax_step(s, n, state)                 the next n scores of a row: s becomes e^(s - max so far), the result is the factor by which
//                                             what was made of earlier pieces must be multiplied
//   softmax_factor<masked>(state)             what everything is multiplied with at the end
//
// y may be x. n may be any number; edges are masked, nothing beside the n elements is touched.
// A row that is masked everywhere (only -inf, or n = 0) has no sum: masked_rows::nan gives NaN, as ONNX's Softmax does; masked_rows::zero
// gives zeros, as Attention does. A NaN or a +inf in a row makes all of it NaN, in both forms. Bounds are tested in rows_test.cpp: each
// element within a relative error of (4 + max - x) 2^-24 + n 2^-25 (the rounding of x - max is one of the exponent), log_softmax within 4
// ulp of the largest term.
#pragma once

#include "../../math/exp.hpp"
#include "../../math/log.hpp"
#include "../../simd/values.hpp"

namespace fs {

enum class masked_rows { nan, zero };

// Calls f(position, all_lanes{} or count) for all of a row.
template <class F>
FS_INLINE void over_row(int64_t n, const F& f) {
  int64_t i = 0;
  for (; i + f32_lanes <= n; i += f32_lanes) f(i, all_lanes{});
  if (i < n) f(i, static_cast<int>(n - i));
}

// NaN if there is one; -inf for n = 0.
FS_INLINE float row_max(const float* x, int64_t n) {
  const f32x lowest = broadcast(-std::numeric_limits<float>::infinity());
  f32x top[4] = {lowest, lowest, lowest, lowest};
  int64_t i = 0;
  // The first operand of max may be a NaN that stays.
  for (; i + 4 * f32_lanes <= n; i += 4 * f32_lanes)
#pragma GCC unroll 4
    for (int u = 0; u < 4; u++) top[u] = max(top[u], max(load(x + i + u * f32_lanes), top[u]));
  for (; i + f32_lanes <= n; i += f32_lanes) top[0] = max(top[0], max(load(x + i), top[0]));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    const f32x last = select(first_lanes(rest), load(x + i, rest), lowest);
    top[0] = max(top[0], max(last, top[0]));
  }
  const auto both = [](f32x a, f32x b) { return max(a, max(b, a)); };
  return hmax(both(both(top[0], top[1]), both(top[2], top[3])));
}

// y = e^(x - shift) and their sum. Two vectors at a time, where the constants of two exponentials have registers.
FS_INLINE float row_exp(float* y, const float* x, int64_t n, float shift) {
#if defined(FS_SIMD_AVX512)
  constexpr int chains = 2;
#else
  constexpr int chains = 1;
#endif
  const f32x top = broadcast(shift);
  f32x sum[2] = {zero(), zero()};
  int64_t i = 0;
  for (; i + chains * f32_lanes <= n; i += chains * f32_lanes)
#pragma GCC unroll 2
    for (int u = 0; u < chains; u++) {
      const f32x e = exp(sub(load(x + i + u * f32_lanes), top));
      store(y + i + u * f32_lanes, e);
      sum[u] = add(sum[u], e);
    }
  over_row(n - i, [&](int64_t at, auto lanes) __attribute__((always_inline)) {
    const f32x e = exp(sub(load(x + i + at, lanes), top));
    store(y + i + at, e, lanes);
    if constexpr (std::is_same_v<decltype(lanes), all_lanes>)
      sum[0] = add(sum[0], e);
    else
      sum[0] = add(sum[0], select(first_lanes(lanes), e, zero()));
  });
  return hadd(add(sum[0], sum[1]));
}

FS_INLINE void row_scale(float* y, int64_t n, float factor) {
  const f32x by = broadcast(factor);
  over_row(n, [&](int64_t i, auto lanes) __attribute__((always_inline)) { store(y + i, mul(load(y + i, lanes), by), lanes); });
}

template <masked_rows Masked = masked_rows::nan>
inline void softmax_row(float* y, const float* x, int64_t n) {
  const float top = row_max(x, n);
  if (Masked == masked_rows::zero && top == -std::numeric_limits<float>::infinity())
    return over_row(n, [&](int64_t i, auto lanes) { store(y + i, zero(), lanes); });
  row_scale(y, n, 1.0f / row_exp(y, x, n, top));
}

inline void log_softmax_row(float* y, const float* x, int64_t n) {
  const f32x top = broadcast(row_max(x, n));
  f32x sum = zero();
  over_row(n, [&](int64_t i, auto lanes) __attribute__((always_inline)) {
    const f32x e = exp(sub(load(x + i, lanes), top));
    if constexpr (std::is_same_v<decltype(lanes), all_lanes>)
      sum = add(sum, e);
    else
      sum = add(sum, select(first_lanes(lanes), e, zero()));
  });
  const f32x less = log(broadcast(hadd(sum)));
  over_row(n, [&](int64_t i, auto lanes) __attribute__((always_inline)) { store(y + i, sub(sub(load(x + i, lanes), top), less), lanes); });
}

// What is known of a row so far.
struct softmax_state {
  float max = -std::numeric_limits<float>::infinity();
  float sum = 0;
};

inline float softmax_step(float* s, int64_t n, softmax_state& state) {
  const float seen = row_max(s, n), before = state.max;
  const float top = seen != seen || seen > before ? seen : before;
  // Masked so far: e^(-inf - -inf) has no meaning, and all of it counts as 0.
  if (top == -std::numeric_limits<float>::infinity()) {
    over_row(n, [&](int64_t i, auto lanes) { store(s + i, zero(), lanes); });
    return 1;
  }
  const float factor = first(exp(broadcast(before - top)));
  state.sum = state.sum * factor + row_exp(s, s, n, top);
  state.max = top;
  return factor;
}

template <masked_rows Masked = masked_rows::nan>
inline float softmax_factor(const softmax_state& state) {
  if (state.max == -std::numeric_limits<float>::infinity())
    return Masked == masked_rows::zero ? 0.0f : std::numeric_limits<float>::quiet_NaN();
  return 1.0f / state.sum;
}

}  // namespace fs

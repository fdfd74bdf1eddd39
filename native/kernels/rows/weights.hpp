// Softmax weights of rows of scores for attention, not yet divided by their sum: the division is left to the result of the second product,
// which has fewer elements.
//
//   softmax_weights_rows(e, lde, s, lds, factor, rows, n)     e(r, j) = e^(s(r, j) - max of row r), factor[r] = 1 / sum of e's row r
//
//   softmax_step_rows(s, lds, max, sum, factor, rows, n)      the next n scores of each row: s becomes e^(s - max so far); max and sum are
//                                                             kept from step to step (before the first: -inf and 0), factor is what
//                                                             results of earlier steps must be multiplied with
//
// e may be s. Sizes may be fixed<N>. Each weight is within a relative error of (4 + 2.3 (max - s)) 2^-24 (the roundings of s - max and of
// its multiple by log2 e are errors of the exponent); below 2^-126 weights are denormal. A NaN or a +inf makes its row's factor (or sum)
// NaN, and so does a row that is masked as a whole (its sum stays 0). Several rows go side by side: their reductions across lanes share
// shuffles.
#pragma once

#include "../../math/exp.hpp"
#include "../../simd/values.hpp"
#include "../gemm/tile.hpp"

namespace fs {

#if defined(FS_SIMD_AVX512)
constexpr int weights_rows = 4;
#elif defined(FS_SIMD_AVX2)
constexpr int weights_rows = 2;
#else
constexpr int weights_rows = 1;
#endif

#if defined(FS_SIMD_AVX512)
// The reduction of four vectors, lane r of the result being that of vector r; `f(a, b)` combines, in any order.
template <class F>
FS_INLINE __m128 across_lanes(const f32x (&x)[4], const F& f) {
  const __m512 ab = f(_mm512_unpacklo_ps(x[0].v, x[1].v), _mm512_unpackhi_ps(x[0].v, x[1].v));
  const __m512 cd = f(_mm512_unpacklo_ps(x[2].v, x[3].v), _mm512_unpackhi_ps(x[2].v, x[3].v));
  const __m512 low = _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd)));
  const __m512 high = _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd)));
  const __m512 quarters = f(low, high);
  const __m512 halves = f(quarters, _mm512_shuffle_f32x4(quarters, quarters, 0x4e));
  return _mm512_castps512_ps128(f(halves, _mm512_shuffle_f32x4(halves, halves, 0xb1)));
}
#endif

// top[r] becomes its largest lane, in all lanes.
template <int R>
FS_INLINE void spread_largest(f32x (&top)[R]) {
#if defined(FS_SIMD_AVX512)
  if constexpr (R == 4) {
    const __m128 largest = across_lanes(top, [](__m512 a, __m512 b) { return _mm512_max_ps(a, b); });
    const __m512 all = _mm512_broadcast_f32x4(largest);
    top[0].v = _mm512_permute_ps(all, 0x00);
    top[1].v = _mm512_permute_ps(all, 0x55);
    top[2].v = _mm512_permute_ps(all, 0xaa);
    top[3].v = _mm512_permute_ps(all, 0xff);
    return;
  }
#endif
  for (int r = 0; r < R; r++) top[r] = broadcast(hmax_raw(top[r]));
}

// total[r] = the sum of the lanes of sum[r].
template <int R>
FS_INLINE void lane_sums(const f32x (&sum)[R], float* total) {
#if defined(FS_SIMD_AVX512)
  if constexpr (R == 4) {
    _mm_storeu_ps(total, across_lanes(sum, [](__m512 a, __m512 b) { return _mm512_add_ps(a, b); }));
    return;
  }
#endif
  for (int r = 0; r < R; r++) total[r] = hadd(sum[r]);
}

// top[r] = the largest of the n scores of row r, in all lanes. A NaN may get lost here; it makes the sum NaN all the same.
template <int R>
FS_INLINE void largest_scores(f32x (&top)[R], const float* s, int64_t lds, int64_t n) {
  const f32x lowest = broadcast(-std::numeric_limits<float>::infinity());
  const int64_t whole = n / f32_lanes * f32_lanes;
  const int rest = static_cast<int>(n - whole);
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) top[r] = lowest;
  for (int64_t i = 0; i < whole; i += f32_lanes)
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) top[r] = max_raw(top[r], load(s + r * lds + i));
  if (rest > 0)
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) top[r] = max_raw(top[r], select(first_lanes(rest), load(s + r * lds + whole, rest), lowest));
  spread_largest<R>(top);
}

// e = e^(s - top), and the sums of its rows.
template <int R>
FS_INLINE void exponentials(float* e, int64_t lde, const float* s, int64_t lds, const f32x (&top)[R], float* total, int64_t n) {
  const int64_t whole = n / f32_lanes * f32_lanes;
  const int rest = static_cast<int>(n - whole);
  f32x sum[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) sum[r] = zero();
  for (int64_t i = 0; i < whole; i += f32_lanes)
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      const f32x weight = exp_nonpositive(sub(load(s + r * lds + i), top[r]));
      store(e + r * lde + i, weight);
      sum[r] = add(sum[r], weight);
    }
  if (rest > 0)
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      const f32x weight = exp_nonpositive(sub(load(s + r * lds + whole, rest), top[r]));
      store(e + r * lde + whole, weight, rest);
      sum[r] = add(sum[r], select(first_lanes(rest), weight, zero()));
    }
  lane_sums<R>(sum, total);
}

// R rows side by side.
template <int R>
FS_INLINE void softmax_weights(float* e, int64_t lde, const float* s, int64_t lds, float* factor, int64_t n) {
  f32x top[R];
  largest_scores<R>(top, s, lds, n);
  float total[R];
  exponentials<R>(e, lde, s, lds, top, total, n);
  for (int r = 0; r < R; r++) factor[r] = 1.0f / total[r];
}
template <int R>
FS_INLINE void softmax_steps(float* s, int64_t lds, float* max, float* sum, float* factor, int64_t n) {
  const f32x lowest = broadcast(-std::numeric_limits<float>::infinity());
  f32x top[R];
  largest_scores<R>(top, s, lds, n);
  for (int r = 0; r < R; r++) {
    const f32x before = broadcast(max[r]), now = max_raw(top[r], before);
    const mask none = eq(now, lowest);
    // Masked so far: e^(-inf - -inf) has no meaning, and all of it counts as 0.
    top[r] = select(none, zero(), now);
    max[r] = first(now);
    factor[r] = first(select(none, broadcast(1.0f), exp_nonpositive(sub(before, top[r]))));
  }
  float total[R];
  exponentials<R>(s, lds, s, lds, top, total, n);
  for (int r = 0; r < R; r++) sum[r] = sum[r] * factor[r] + total[r];
}

// Are there rows beside groups of several? (Where there are none their loop must not exist: the compiler would see an endless one in it.)
template <class Rows>
constexpr bool may_have_rest = !is_fixed<Rows>::value || fixed_or<Rows>(0) % weights_rows != 0;

template <class Lde, class Lds, class Rows, class N>
__attribute__((noinline)) void softmax_weights_rows(float* e, Lde lde, const float* s, Lds lds, float* factor, Rows rows, N n) {
  int64_t r = 0;
  for (; r + weights_rows <= rows; r += weights_rows) softmax_weights<weights_rows>(e + r * lde, lde, s + r * lds, lds, factor + r, n);
  if constexpr (may_have_rest<Rows>)
    for (; r < rows; r++) softmax_weights<1>(e + r * lde, lde, s + r * lds, lds, factor + r, n);
}
template <class Lds, class Rows, class N>
__attribute__((noinline)) void softmax_step_rows(float* s, Lds lds, float* max, float* sum, float* factor, Rows rows, N n) {
  int64_t r = 0;
  for (; r + weights_rows <= rows; r += weights_rows) softmax_steps<weights_rows>(s + r * lds, lds, max + r, sum + r, factor + r, n);
  if constexpr (may_have_rest<Rows>)
    for (; r < rows; r++) softmax_steps<1>(s + r * lds, lds, max + r, sum + r, factor + r, n);
}

}  // namespace fs

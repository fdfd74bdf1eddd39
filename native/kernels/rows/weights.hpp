// Softmax weights of rows of scores for attention, not yet divided by their sum: the division is left to the result of the second product,
// which has fewer elements.
//
//   softmax_weights_rows(e, lde, s, lds, factor, rows, n)     e(r, j) = e^(s(r, j) - max of row r), factor[r] = 1 / sum of e's row r
//
//   softmax_bytes_rows(b, ldb, e, lde, s, lds, step, rows, n) b(r, j) = round(step * weight(r, j) / sum of row r), at most 255
//
//   softmax_step_rows(s, lds, max, sum, factor, rows, n)      the next n scores of each row: s becomes e^(s - max so far); max and sum are
//                                                             kept from step to step (before the first: -inf and 0), factor is what
//                                                             results of earlier steps must be multiplied with
//
// e may be s. Sizes may be fixed<N>. Each weight is within a relative error of (4 + 2.3 (max - s)) 2^-24 (the roundings of s - max and of
// its multiple by log2 e are errors of the exponent), beside a factor of at most 1 + |max| 2^-24 that the weights of a row share; below
// 2^-126 weights are denormal. A NaN or a +inf makes its row's factor (or sum) NaN, and so does a row that is masked as a whole (its sum
// stays 0). Several rows go side by side: their reductions across lanes share shuffles.
// Bytes: e is room for weights_rows rows, so that it stays in the nearest cache; a row whose factor would be NaN is 0; step is below 2^30.
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

constexpr float lowest_score = -std::numeric_limits<float>::infinity();

// top[r] takes in vector i of row r, of which `lanes` are there.
template <int R>
FS_INLINE void take_in(f32x (&top)[R], const float* s, int64_t lds, int64_t i) {
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) top[r] = max_raw(top[r], load(s + r * lds + i));
}
template <int R>
FS_INLINE void take_in(f32x (&top)[R], const float* s, int64_t lds, int64_t i, int lanes) {
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) top[r] = max_raw(top[r], select(first_lanes(lanes), load(s + r * lds + i, lanes), broadcast(lowest_score)));
}

// top[r] = the largest of the n scores of row r, in all lanes. A NaN may get lost here; it makes the sum NaN all the same.
template <int R>
FS_INLINE void largest_scores(f32x (&top)[R], const float* s, int64_t lds, int64_t n) {
  const int64_t whole = n / f32_lanes * f32_lanes;
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) top[r] = broadcast(lowest_score);
  for (int64_t i = 0; i < whole; i += f32_lanes) take_in(top, s, lds, i);
  if (whole < n) take_in(top, s, lds, whole, static_cast<int>(n - whole));
  spread_largest<R>(top);
}

// (s - top) log2 e. Two ways: always right, and as one multiply-add, which makes all weights of a row wrong by one factor of
// 1 + |top| 2^-24 at most (it cancels when they are divided by their sum) and needs a |top| that is not large.
struct exponent_of_difference {
  f32x top;
  static FS_INLINE exponent_of_difference of(f32x top) { return {top}; }
  FS_INLINE f32x operator()(f32x s) const { return mul(sub(s, top), broadcast(1.44269504f)); }
};
struct exponent_near_zero {
  f32x less;
  static FS_INLINE exponent_near_zero of(f32x top) { return {mul(top, broadcast(-1.44269504f))}; }
  FS_INLINE f32x operator()(f32x s) const { return fma(s, broadcast(1.44269504f), less); }
};
template <int R>
FS_INLINE bool are_near_zero(const f32x (&top)[R]) {
#if defined(FS_SIMD_AVX512) || defined(FS_SIMD_AVX2)
  f32x sum = abs(top[0]);
  for (int r = 1; r < R; r++) sum = add(sum, abs(top[r]));
  return first(sum) <= 1024.0f;  // Not for NaN and infinity.
#else
  return (void)top, false;  // Its multiply-add rounds twice.
#endif
}

// e = e^(s - top), and the sums of its rows; top becomes the largest scores of the rows at `next`, because the units that compare them and
// the way to the second-level cache have time meanwhile.
template <class Exponent, int R>
FS_INLINE void exponentials(float* e, int64_t lde, const float* s, const float* next, int64_t lds, f32x (&top)[R], float* total,
                            int64_t n) {
  const int64_t whole = n / f32_lanes * f32_lanes;
  const int rest = static_cast<int>(n - whole);
  Exponent exponent[R];
  f32x sum[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) {
    exponent[r] = Exponent::of(top[r]);
    sum[r] = zero();
    top[r] = broadcast(lowest_score);
  }
  for (int64_t i = 0; i < whole; i += f32_lanes) {
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      const f32x weight = exp2_nonpositive(exponent[r](load(s + r * lds + i)));
      store(e + r * lde + i, weight);
      sum[r] = add(sum[r], weight);
    }
    if (next != nullptr) take_in(top, next, lds, i);
  }
  if (rest > 0) {
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      const f32x weight = exp2_nonpositive(exponent[r](load(s + r * lds + whole, rest)));
      store(e + r * lde + whole, weight, rest);
      sum[r] = add(sum[r], select(first_lanes(rest), weight, zero()));
    }
    if (next != nullptr) take_in(top, next, lds, whole, rest);
  }
  lane_sums<R>(sum, total);
  if (next != nullptr) spread_largest<R>(top);
}
template <int R>
FS_INLINE void row_exponentials(float* e, int64_t lde, const float* s, const float* next, int64_t lds, f32x (&top)[R], float* total,
                                int64_t n) {
  if (are_near_zero(top))
    exponentials<exponent_near_zero>(e, lde, s, next, lds, top, total, n);
  else
    exponentials<exponent_of_difference>(e, lde, s, next, lds, top, total, n);
}

// R rows side by side, whose largest scores `top` has; see exponentials.
template <int R>
FS_INLINE void softmax_weights(float* e, int64_t lde, const float* s, const float* next, int64_t lds, f32x (&top)[R], float* factor,
                               int64_t n) {
  float total[R];
  row_exponentials<R>(e, lde, s, next, lds, top, total, n);
  for (int r = 0; r < R; r++) factor[r] = 1.0f / total[r];
}

// The byte of a number that is not negative: at most 255; of a NaN 0.
FS_INLINE i32x byte_of(f32x x) { return to_i32_round(min_raw(broadcast(255.0f), x)); }

// The bytes of n numbers times `factor`; the products are below 2^31.
FS_INLINE void store_bytes(uint8_t* bytes, const float* e, f32x factor, int64_t n) {
  int64_t i = 0;
#if defined(FS_SIMD_AVX512)
  const auto rounded = [&](int64_t at) { return _mm512_cvtps_epi32(mul(load(e + at), factor).v); };
  // Saturating packs make bytes of 64 at once, in groups of four that then are put into order.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (; i + 4 * f32_lanes <= n; i += 4 * f32_lanes) {
    const __m512i low = _mm512_packus_epi32(rounded(i), rounded(i + f32_lanes));
    const __m512i high = _mm512_packus_epi32(rounded(i + 2 * f32_lanes), rounded(i + 3 * f32_lanes));
    _mm512_storeu_si512(bytes + i, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high)));
  }
#endif
  for (; i + f32_lanes <= n; i += f32_lanes) store_low8(bytes + i, byte_of(mul(load(e + i), factor)));
  if (i < n) {
    const int rest = static_cast<int>(n - i);
    store_low8(bytes + i, byte_of(mul(load(e + i, rest), factor)), rest);
  }
}

template <int R>
FS_INLINE void softmax_bytes(uint8_t* bytes, int64_t ldb, float* e, int64_t lde, const float* s, const float* next, int64_t lds,
                             f32x (&top)[R], float step, int64_t n) {
  float total[R];
  row_exponentials<R>(e, lde, s, next, lds, top, total, n);
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) store_bytes(bytes + r * ldb, e + r * lde, broadcast(1.0f / total[r] * step), n);
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
  exponentials<exponent_of_difference>(s, lds, s, nullptr, lds, top, total, n);
  for (int r = 0; r < R; r++) sum[r] = sum[r] * factor[r] + total[r];
}

// Are there rows beside groups of several? (Where there are none their loop must not exist: the compiler would see an endless one in it.)
template <class Rows>
constexpr bool may_have_rest = !is_fixed<Rows>::value || fixed_or<Rows>(0) % weights_rows != 0;

// Calls f(r, top, next) for groups of rows, with their largest scores and the scores of the group after them.
template <class Rows, class F>
FS_INLINE void row_groups(const float* s, int64_t lds, Rows rows, int64_t n, const F& f) {
  int64_t r = 0;
  f32x top[weights_rows];
  if (rows >= weights_rows) largest_scores(top, s, lds, n);
  for (; r + weights_rows <= rows; r += weights_rows) f(r, top, r + 2 * weights_rows <= rows ? s + (r + weights_rows) * lds : nullptr);
  if constexpr (may_have_rest<Rows>)
    for (; r < rows; r++) {
      f32x one[1];
      largest_scores(one, s + r * lds, lds, n);
      f(r, one, static_cast<const float*>(nullptr));
    }
}
template <class Lde, class Lds, class Rows, class N>
__attribute__((noinline)) void softmax_weights_rows(float* e, Lde lde, const float* s, Lds lds, float* factor, Rows rows, N n) {
  row_groups(s, lds, rows, n, [&](int64_t r, auto& top, const float* next) __attribute__((always_inline)) {
    softmax_weights(e + r * lde, lde, s + r * lds, next, lds, top, factor + r, n);
  });
}
template <class Ldb, class Lde, class Lds, class Rows, class N>
__attribute__((noinline)) void softmax_bytes_rows(uint8_t* bytes, Ldb ldb, float* e, Lde lde, const float* s, Lds lds, float step,
                                                  Rows rows, N n) {
  row_groups(s, lds, rows, n, [&](int64_t r, auto& top, const float* next) __attribute__((always_inline)) {
    softmax_bytes(bytes + r * ldb, ldb, e, lde, s + r * lds, next, lds, top, step, n);
  });
}
template <class Lds, class Rows, class N>
__attribute__((noinline)) void softmax_step_rows(float* s, Lds lds, float* max, float* sum, float* factor, Rows rows, N n) {
  int64_t r = 0;
  for (; r + weights_rows <= rows; r += weights_rows) softmax_steps<weights_rows>(s + r * lds, lds, max + r, sum + r, factor + r, n);
  if constexpr (may_have_rest<Rows>)
    for (; r < rows; r++) softmax_steps<1>(s + r * lds, lds, max + r, sum + r, factor + r, n);
}

}  // namespace fs

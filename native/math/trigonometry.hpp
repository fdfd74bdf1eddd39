// sin, cos, tan and their inverses.
//
// Reduction of sin, cos, tan: x = n pi/2 + r, pi/2 in three parts. x - n * (first part) is exact, because both are multiples of 2^-23 and
// the difference is below 1; the others take what is left. Beyond 48,000 the lanes go to libm one by one. Polynomials are Chebyshev fits in
// r^2.
#pragma once

#include "lanes.hpp"

namespace fs {

struct quarter_turn {
  f32x r;  // in [-pi/4, pi/4], a little over at ties
  i32x n;  // quarter turns; the lowest two bits count
};
FS_INLINE quarter_turn reduce_quarter(f32x x) {
  const f32x n = round_even(mul(x, broadcast(0.636619772f)));
  f32x r = fnma(n, broadcast(1.57079637f), x);
  r = fnma(n, broadcast(-4.37113883e-08f), r);
  r = fnma(n, broadcast(-1.71512451e-15f), r);
  return {r, to_i32_trunc(n)};
}
constexpr float largest_reduced = 48000.0f;
// Also false for NaN and infinities, and where products are rounded before they are added: the reduction lives on the fused form.
FS_INLINE bool all_reducible(f32x x) {
#if defined(FS_SIMD_SCALAR) && !defined(__FMA__)
  return static_cast<void>(x), false;
#else
  return all(le(abs(x), broadcast(largest_reduced)));
#endif
}

// sin and cos of a reduced angle, <= 1 ulp each.
FS_INLINE f32x sin_reduced(f32x r) {
  const f32x z = mul(r, r);
  f32x p = broadcast(2.7243812e-06f);
  p = fma(p, z, broadcast(-0.000198400391f));
  p = fma(p, z, broadcast(0.00833333179f));
  p = fma(p, z, broadcast(-0.166666667f));
  return fma(mul(z, r), p, r);
}
FS_INLINE f32x cos_reduced(f32x r) {
  const f32x z = mul(r, r);
  f32x p = broadcast(-2.72958563e-07f);
  p = fma(p, z, broadcast(2.48005606e-05f));
  p = fma(p, z, broadcast(-0.00138888876f));
  p = fma(p, z, broadcast(0.0416666667f));
  const f32x half = mul(z, broadcast(0.5f)), one = broadcast(1.0f), head = sub(one, half);
  // What 1 - z/2 lost comes back with the small terms.
  return add(head, fma(mul(z, z), p, sub(sub(one, head), half)));
}
FS_INLINE mask is_odd(i32x n) { return ne(bit_and(n, broadcast(1)), broadcast(0)); }
// x with its sign changed in half turns: bit 1 of n.
FS_INLINE f32x half_turn(f32x x, i32x n) { return from_bits(bit_xor(bits(x), shift_left(bit_and(n, broadcast(2)), 30))); }

// <= 1.6 ulp. NaN for infinities, odd, denormals map to themselves.
FS_INLINE f32x sin(f32x x) {
  if (__builtin_expect(!all_reducible(x), 0)) return map_lanes(x, all_lanes{}, [](float v) { return std::sin(v); });
  const quarter_turn q = reduce_quarter(x);
  const f32x y = half_turn(select(is_odd(q.n), cos_reduced(q.r), sin_reduced(q.r)), q.n);
  return select(eq(x, zero()), x, y);
}
// <= 1.6 ulp. NaN for infinities, even.
FS_INLINE f32x cos(f32x x) {
  if (__builtin_expect(!all_reducible(x), 0)) return map_lanes(x, all_lanes{}, [](float v) { return std::cos(v); });
  const quarter_turn q = reduce_quarter(x);
  return half_turn(select(is_odd(q.n), sin_reduced(q.r), cos_reduced(q.r)), add(q.n, broadcast(1)));
}
// <= 3 ulp. NaN for infinities, odd.
FS_INLINE f32x tan(f32x x) {
  if (__builtin_expect(!all_reducible(x), 0)) return map_lanes(x, all_lanes{}, [](float v) { return std::tan(v); });
  const quarter_turn q = reduce_quarter(x);
  const f32x s = sin_reduced(q.r), c = cos_reduced(q.r);
  const mask odd = is_odd(q.n);
  const f32x y = div(select(odd, neg(c), s), select(odd, s, c));
  return select(eq(x, zero()), x, y);
}

// asin x = x + x^3 p(x^2) for |x| <= 1/2.
FS_INLINE f32x asin_small(f32x x, f32x z) {
  f32x p = broadcast(0.0337007263f);
  p = fma(p, z, broadcast(0.0171437168f));
  p = fma(p, z, broadcast(0.0311017278f));
  p = fma(p, z, broadcast(0.0445993192f));
  p = fma(p, z, broadcast(0.0750009476f));
  p = fma(p, z, broadcast(0.166666663f));
  return fma(mul(z, x), p, x);
}
// asin(sqrt((1 - |x|) / 2)), from which both inverses follow for |x| > 1/2. NaN beyond 1.
FS_INLINE f32x asin_complement(f32x x) {
  const f32x z = mul(sub(broadcast(1.0f), abs(x)), broadcast(0.5f));
  return asin_small(sqrt(z), z);
}
// <= 2.5 ulp. NaN beyond +-1, odd.
FS_INLINE f32x asin(f32x x) {
  const f32x near = asin_small(x, mul(x, x)), c = asin_complement(x);
  const f32x far = copysign(sub(broadcast(1.57079637f), fma(broadcast(2.0f), c, broadcast(4.37113883e-08f))), x);
  return select(le(abs(x), broadcast(0.5f)), near, select(gt(abs(x), broadcast(1.0f)), c, far));
}
// <= 2 ulp. NaN beyond +-1.
FS_INLINE f32x acos(f32x x) {
  const f32x near = sub(broadcast(1.57079637f), add(asin_small(x, mul(x, x)), broadcast(4.37113883e-08f)));
  const f32x c = asin_complement(x), twice = add(c, c);
  const f32x far = select(lt(x, zero()), sub(broadcast(3.14159274f), add(twice, broadcast(8.74227766e-08f))), twice);
  return select(le(abs(x), broadcast(0.5f)), near, far);
}
// |x| > tan(3 pi/8): pi/2 - atan(1 / x); > tan(pi/8): pi/4 + atan((x - 1) / (x + 1)). <= 2.5 ulp. +-pi/2 at infinity, odd.
FS_INLINE f32x atan(f32x x) {
  const f32x t = abs(x), one = broadcast(1.0f);
  const mask large = gt(t, broadcast(2.41421356f)), middle = gt(t, broadcast(0.414213562f));
  const f32x up = select(large, neg(one), select(middle, sub(t, one), t)), down = select(large, t, select(middle, add(t, one), one));
  const f32x a = select(middle, div(up, down), t), z = mul(a, a);
  f32x p = broadcast(-0.0644983522f);
  p = fma(p, z, broadcast(0.107430997f));
  p = fma(p, z, broadcast(-0.142638971f));
  p = fma(p, z, broadcast(0.199995388f));
  p = fma(p, z, broadcast(-0.333333318f));
  const f32x small = fma(mul(z, a), p, a);
  const f32x base = select(large, broadcast(1.57079637f), select(middle, broadcast(0.785398185f), zero()));
  const f32x rest = select(large, broadcast(-4.37113883e-08f), select(middle, broadcast(-2.18556941e-08f), zero()));
  return select(eq(x, zero()), x, copysign(add(base, add(small, rest)), x));
}

}  // namespace fs

// e^x - 1, sinh, cosh and the inverse hyperbolic functions, from exp and log where they lose nothing and from Chebyshev fits near 0.
#pragma once

#include "exp.hpp"
#include "log.hpp"

namespace fs {

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), x = n ln 2 + r. <= 2 ulp.
FS_INLINE f32x expm1(f32x x) {
  const f32x c = min_raw(broadcast(88.0f), max_raw(broadcast(-30.0f), x));
  const f32x n = round_even(mul(c, broadcast(1.44269504f)));
  f32x r = fnma(n, broadcast(0.693359375f), c);
  r = fnma(n, broadcast(-2.12194440e-4f), r);
  f32x q = broadcast(0.00139507256f);
  q = fma(q, r, broadcast(0.00836902484f));
  q = fma(q, r, broadcast(0.0416662022f));
  q = fma(q, r, broadcast(0.166665182f));
  q = fma(q, r, broadcast(0.5f));
  const f32x p = fma(mul(r, r), q, r), scale = scale_by_power_of_2(broadcast(1.0f), n);
  const f32x y = select(eq(n, zero()), p, fma(scale, p, sub(scale, broadcast(1.0f))));
  return select(eq(x, zero()), x, select(gt(x, broadcast(87.0f)), exp(x), y));
}

// e^(|x|) / 2, also where e^|x| itself is beyond the largest number.
FS_INLINE f32x half_exp(f32x t) {
  const mask large = gt(t, broadcast(88.0f));
  const f32x e = exp(select(large, mul(t, broadcast(0.5f)), t)), half = mul(e, broadcast(0.5f));
  return select(large, mul(half, e), half);
}
// <= 3 ulp. odd.
FS_INLINE f32x sinh(f32x x) {
  const f32x t = abs(x), z = mul(x, x), h = half_exp(t);
  f32x p = broadcast(2.80628026e-06f);
  p = fma(p, z, broadcast(0.00019838102f));
  p = fma(p, z, broadcast(0.00833333968f));
  p = fma(p, z, broadcast(0.166666666f));
  const f32x far = copysign(sub(h, div(broadcast(0.25f), h)), x);
  return select(lt(t, broadcast(1.0f)), fma(mul(z, x), p, x), select(is_nan(x), x, far));
}
// <= 3 ulp. even.
FS_INLINE f32x cosh(f32x x) {
  const f32x h = half_exp(abs(x));
  return add(h, div(broadcast(0.25f), h));
}

// x + x^3 p(x^2) below 1/2, log(|x| + sqrt(x^2 + 1)) above, log(2 |x|) where x^2 would overflow. <= 4 ulp. odd.
FS_INLINE f32x asinh(f32x x) {
  const f32x t = abs(x), z = mul(x, x);
  f32x p = broadcast(0.00993650431f);
  p = fma(p, z, broadcast(-0.0205267935f));
  p = fma(p, z, broadcast(0.0301561786f));
  p = fma(p, z, broadcast(-0.0446300219f));
  p = fma(p, z, broadcast(0.0749997289f));
  p = fma(p, z, broadcast(-0.166666666f));
  const mask large = gt(t, broadcast(1.0e8f));
  const f32x inside = select(large, t, add(t, sqrt(add(z, broadcast(1.0f)))));
  const f32x far = copysign(add(log(inside), select(large, broadcast(0.693147181f), zero())), x);
  return select(lt(t, broadcast(0.5f)), fma(mul(z, x), p, x), select(is_nan(x), x, far));
}
// sqrt(2 z) (1 + z p(z)), z = x - 1, below 1.5; log(x + sqrt((x - 1) (x + 1))) above. <= 3 ulp. NaN below 1.
FS_INLINE f32x acosh(f32x x) {
  const f32x one = broadcast(1.0f), z = sub(x, one);
  f32x p = broadcast(0.00015525788f);
  p = fma(p, z, broadcast(-0.000641462296f));
  p = fma(p, z, broadcast(0.00188476116f));
  p = fma(p, z, broadcast(-0.00557875274f));
  p = fma(p, z, broadcast(0.0187499322f));
  p = fma(p, z, broadcast(-0.0833333329f));
  const f32x root = sqrt(add(z, z)), near = fma(root, mul(z, p), root);
  const mask large = gt(x, broadcast(1.0e8f));
  const f32x inside = select(large, x, add(x, sqrt(mul(z, add(x, one)))));
  const f32x far = add(log(inside), select(large, broadcast(0.693147181f), zero()));
  return select(lt(x, broadcast(1.5f)), near, far);
}
// x + x^3 p(x^2) below 1/2, log((1 + x) / (1 - x)) / 2 above. <= 3 ulp. +-inf at +-1, NaN beyond, odd.
FS_INLINE f32x atanh(f32x x) {
  const f32x t = abs(x), z = mul(x, x), one = broadcast(1.0f);
  f32x p = broadcast(0.156291654f);
  p = fma(p, z, broadcast(0.0409162307f));
  p = fma(p, z, broadcast(0.0975194087f));
  p = fma(p, z, broadcast(0.110508304f));
  p = fma(p, z, broadcast(0.14288286f));
  p = fma(p, z, broadcast(0.199999593f));
  p = fma(p, z, broadcast(0.333333334f));
  const f32x far = mul(broadcast(0.5f), log(div(add(one, t), sub(one, t))));
  return select(lt(t, broadcast(0.5f)), fma(mul(z, x), p, x), select(is_nan(far), far, copysign(far, x)));
}

}  // namespace fs

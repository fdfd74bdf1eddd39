// erf. |x| < 0.93: x + x s(x^2), s minimax of degree 6 (relative error 4.6e-10). Beyond: 1 - e^-g(|x|) with g minimax of degree 7 for -ln
// erfc on [0.92, 4] (error 4.7e-11 of the result); for |x| >= 4 erf rounds to 1.
#pragma once

#include "exp.hpp"

namespace fs {

// <= 2 ulp. erf(+-inf) = +-1, NaN stays, odd.
FS_INLINE f32x erf(f32x x) {
  const f32x t = abs(x), s = mul(x, x);
  f32x near = broadcast(8.31677535e-05f);
  near = fma(near, s, broadcast(-0.000813001301f));
  near = fma(near, s, broadcast(0.00519990688f));
  near = fma(near, s, broadcast(-0.0268589407f));
  near = fma(near, s, broadcast(0.112836875f));
  near = fma(near, s, broadcast(-0.376126319f));
  near = fma(near, s, broadcast(0.128379166f));
  near = fma(x, near, x);
  const f32x c = min_raw(broadcast(4.0f), t);
  f32x g = broadcast(2.10949638e-05f);
  g = fma(g, c, broadcast(-0.000434461661f));
  g = fma(g, c, broadcast(0.00417105854f));
  g = fma(g, c, broadcast(-0.0251194164f));
  g = fma(g, c, broadcast(0.10828007f));
  g = fma(g, c, broadcast(0.633346915f));
  g = fma(g, c, broadcast(1.12951493f));
  g = fma(g, c, broadcast(-0.000174683155f));
  const f32x far = copysign(sub(broadcast(1.0f), exp(neg(g))), x);
  return select(lt(t, broadcast(0.93f)), near, far);
}

}  // namespace fs

// exp, expm1-free building block of sigmoid, tanh, softplus and the GELUs.
//
// Reduction: x = n ln 2 + r, |r| <= ln 2 / 2, with ln 2 in two parts so that n * high part is exact; e^r = 1 + r + r^2 q(r) with q minimax
// of degree 4 (Remez exchange, relative error 3.2e-9); then 2^n. Bounds are asserted over all floats by test/kernels/math.test.ts.
#pragma once

#include "../simd/simd.hpp"

namespace fs {

// <= 1.1 ulp where the result is normal, 1.6 units of 2^-149 below. exp(-inf) = 0, exp(+inf) = inf, NaN stays; overflow above 88.72 gives
// inf, results below 2^-126 are denormal.
FS_INLINE f32x exp(f32x x) {
  // Beyond these the result is already 0 or inf; the clamp keeps n small. x second: a NaN passes.
  x = min_raw(broadcast(89.0f), max_raw(broadcast(-104.0f), x));
  const f32x n = round_even(mul(x, broadcast(1.44269504f)));
  f32x r = fnma(n, broadcast(0.693359375f), x);
  r = fnma(n, broadcast(-2.12194440e-4f), r);
  f32x q = broadcast(0.00139507256f);
  q = fma(q, r, broadcast(0.00836902484f));
  q = fma(q, r, broadcast(0.0416662022f));
  q = fma(q, r, broadcast(0.166665182f));
  q = fma(q, r, broadcast(0.5f));
  const f32x p = add(fma(mul(r, r), q, r), broadcast(1.0f));
  return scale_by_power_of_2(p, n);
}

// 2^f on [0, 1) as 1 + f q(f) with q minimax (Remez exchange); exactly 1 for f = 0. Relative error 8.3e-8.
FS_INLINE f32x exp2_fraction(f32x f) {
  f32x q = broadcast(0.00186713005f);
  q = fma(q, f, broadcast(0.00901703071f));
  q = fma(q, f, broadcast(0.0557999127f));
  q = fma(q, f, broadcast(0.240164444f));
  q = fma(q, f, broadcast(0.693151295f));
  return fma(q, f, broadcast(1.0f));
}

// 2^t for t <= 0 from the fraction of t above its floor. 2^(-inf) = 0, NaN stays. For t > 0 it is 2^t, too, below overflow.
FS_INLINE f32x exp2_nonpositive(f32x t) {
#if defined(FS_SIMD_AVX512)
  const f32x f = {_mm512_reduce_ps(t.v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};
  const f32x n = t;  // Its floor is what scales.
#else
  // Below this the result is 0; t second: a NaN passes.
  const f32x n = floor(max_raw(broadcast(-152.0f), t));
  const f32x f = sub(max_raw(broadcast(-152.0f), t), n);
#endif
  return scale_by_power_of_2(exp2_fraction(f), n);
}

// e^x for x <= 0, as softmax needs it, in fewer instructions. Within a relative error of (2.5 + 1.25 |x|) 2^-24, because x log2 e is
// rounded.
FS_INLINE f32x exp_nonpositive(f32x x) { return exp2_nonpositive(mul(x, broadcast(1.44269504f))); }

}  // namespace fs

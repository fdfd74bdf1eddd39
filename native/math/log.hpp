// log and log1p.
//
// Reduction: x = m 2^e with m in [sqrt(1/2), sqrt(2)); with f = m - 1: log m = f - f^2/2 + f^3 q(f), q minimax of degree 8 (Remez exchange,
// error 7.5e-10 relative to log m); then e ln 2 in two parts, small part first.
#pragma once

#include "../simd/simd.hpp"

namespace fs {

// <= 1 ulp (denormals included). log(0) = -inf, log(x < 0) = NaN, log(inf) = inf, NaN stays.
FS_INLINE f32x log(f32x x) {
  const f32x smallest_normal = broadcast(1.17549435e-38f);
  const mask denormal = lt(x, smallest_normal);
  const f32x scaled = select(denormal, mul(x, broadcast(8388608.0f)), x);  // 2^23
  const i32x u = bits(scaled);
  // Exponent relative to sqrt(1/2): the mantissa lands in [sqrt(1/2), sqrt(2)).
  const i32x shifted = sub(u, broadcast(0x3f3504f3));
  i32x e = shift_right(shifted, 23);
  const f32x m = from_bits(sub(u, shift_left(e, 23)));
  e = sub(e, select(denormal, broadcast(23), broadcast(0)));
  const f32x f = sub(m, broadcast(1.0f));
  f32x q = broadcast(0.0674665347f);
  q = fma(q, f, broadcast(-0.116756715f));
  q = fma(q, f, broadcast(0.118881673f));
  q = fma(q, f, broadcast(-0.124055862f));
  q = fma(q, f, broadcast(0.142195508f));
  q = fma(q, f, broadcast(-0.166679963f));
  q = fma(q, f, broadcast(0.200021192f));
  q = fma(q, f, broadcast(-0.250000089f));
  q = fma(q, f, broadcast(0.333333135f));
  const f32x n = to_f32(e), f2 = mul(f, f);
  f32x small = fma(mul(f2, f), q, mul(n, broadcast(-2.12194440e-4f)));
  small = fnma(f2, broadcast(0.5f), small);
  f32x result = fma(n, broadcast(0.693359375f), add(f, small));
  const f32x inf = broadcast(std::numeric_limits<float>::infinity());
  result = select(eq(x, inf), inf, result);
  result = select(eq(x, zero()), neg(inf), result);
  return select(mask_or(lt(x, zero()), is_nan(x)), broadcast(std::numeric_limits<float>::quiet_NaN()), result);
}

// log(1 + x) for x >= 0 (what softplus needs), also accurate where 1 + x rounds to 1.
FS_INLINE f32x log1p_nonnegative(f32x x) {
  const f32x one = broadcast(1.0f), u = add(one, x);
  const f32x lost = sub(x, sub(u, one));  // exact for x <= 1; beyond, negligible against log u
  return select(gt(u, broadcast(3.0e38f)), log(u), add(log(u), div(lost, u)));
}

}  // namespace fs

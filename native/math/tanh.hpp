// tanh. |x| < 0.55: x + x^3 p(x^2), p minimax of degree 4 (relative error 1.0e-9). Beyond: 1 - 2 / (e^(2|x|) + 1), which loses nothing
// there.
#pragma once

#include "exp.hpp"

namespace fs {

// <= 2 ulp. tanh(+-inf) = +-1, NaN stays, odd, denormals map to themselves.
FS_INLINE f32x tanh(f32x x) {
  const f32x one = broadcast(1.0f), s = mul(x, x);
  f32x p = broadcast(-0.00627423963f);
  p = fma(p, s, broadcast(0.0210716799f));
  p = fma(p, s, broadcast(-0.0538523085f));
  p = fma(p, s, broadcast(0.13332586f));
  p = fma(p, s, broadcast(-0.333333164f));
  const f32x near = fma(mul(x, s), p, x);
  const f32x t = abs(x), e = exp(add(t, t));
  const f32x far = copysign(sub(one, div(broadcast(2.0f), add(e, one))), x);
  return select(lt(t, broadcast(0.55f)), near, far);
}

}  // namespace fs

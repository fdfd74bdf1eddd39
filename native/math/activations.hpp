// Activations in terms of exp, erf and tanh, in the formulas of the ONNX operators; and per-lane calls for rare functions.
#pragma once

#include "erf.hpp"
#include "exp.hpp"
#include "lanes.hpp"
#include "log.hpp"
#include "tanh.hpp"

namespace fs {

// 1 / (1 + e^-x), computed with e^-|x| so that nothing overflows and small results keep their digits. <= 3 ulp where normal.
FS_INLINE f32x sigmoid(f32x x) {
  const f32x one = broadcast(1.0f), z = exp(neg(abs(x)));
  return div(select(lt(x, zero()), z, one), add(one, z));
}
FS_INLINE f32x silu(f32x x) { return mul(x, sigmoid(x)); }
// x / 2 (1 + erf(x / sqrt 2)), ONNX Gelu approximate = "none".
FS_INLINE f32x gelu_erf(f32x x) {
  const f32x half = mul(x, broadcast(0.5f));
  return fma(half, erf(mul(x, broadcast(0.707106781f))), half);
}
// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), ONNX Gelu approximate = "tanh".
FS_INLINE f32x gelu_tanh(f32x x) {
  const f32x half = mul(x, broadcast(0.5f)), inner = mul(x, fma(mul(x, x), broadcast(0.0356774081f), broadcast(0.797884561f)));
  return fma(half, tanh(inner), half);
}
// log(1 + e^x).
FS_INLINE f32x softplus(f32x x) { return add(relu(x), log1p_nonnegative(exp(neg(abs(x))))); }
// ONNX HardSigmoid and HardSwish.
FS_INLINE f32x hard_sigmoid(f32x x, float alpha, float beta) {
  return clip(fma(broadcast(alpha), x, broadcast(beta)), zero(), broadcast(1.0f));
}
FS_INLINE f32x hard_swish(f32x x) { return mul(x, hard_sigmoid(x, 1.0f / 6.0f, 0.5f)); }
FS_INLINE f32x leaky_relu(f32x x, float alpha) { return select(lt(x, zero()), mul(x, broadcast(alpha)), x); }
// x for x >= 0, alpha (e^x - 1) below. e^x - 1 cancels near 0, where the series x + x^2/2 + x^3/6 + x^4/24 is used.
FS_INLINE f32x expm1_nonpositive(f32x x) {
  f32x s = fma(x, broadcast(0.00833333333f), broadcast(0.0416666667f));
  s = fma(s, x, broadcast(0.166666667f));
  s = fma(s, x, broadcast(0.5f));
  s = fma(mul(x, x), s, x);
  return select(gt(x, broadcast(-0.15f)), s, sub(exp(x), broadcast(1.0f)));
}
FS_INLINE f32x elu(f32x x, float alpha) { return select(lt(x, zero()), mul(broadcast(alpha), expm1_nonpositive(x)), x); }

// x^y as libm rounds it.
template <class Lanes>
FS_INLINE f32x pow(f32x x, f32x y, Lanes lanes) {
  return map_lanes(x, y, lanes, [](float a, float b) { return std::pow(a, b); });
}

}  // namespace fs

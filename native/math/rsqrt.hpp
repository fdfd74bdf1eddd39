// 1 / sqrt(x). AVX-512 has an estimate of 14 bits (denormals included) that one step of Newton's method makes whole; elsewhere the division
// and the root of the processor, which are exact but slow.
#pragma once

#include "../simd/simd.hpp"

namespace fs {

// <= 1.5 ulp. +-0 gives +-inf, +inf 0, below 0 NaN, NaN stays.
FS_INLINE f32x rsqrt(f32x x) {
#if defined(FS_SIMD_AVX512)
  const f32x r = {_mm512_rsqrt14_ps(x.v)};
  // What 1 - x r^2 is off is computed without the rounding of x r: its rest comes from the fused product.
  const f32x head = mul(x, r), rest = fma(x, r, neg(head));
  const f32x e = fnma(rest, r, fnma(head, r, broadcast(1.0f)));
  const f32x better = fma(mul(r, e), broadcast(0.5f), r);
  // Where x or r is 0 or infinite, e is no number, and the estimate is already the result.
  return select(is_nan(e), r, better);
#else
  return div(broadcast(1.0f), sqrt(x));
#endif
}

}  // namespace fs

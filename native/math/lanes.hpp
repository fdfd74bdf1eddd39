// A scalar function on each lane, for functions without a vector form and for arguments that the vector form does not take.
#pragma once

#include "../simd/simd.hpp"

namespace fs {

// The first `lanes` lanes; the others become 0.
template <class F, class Lanes>
FS_INLINE f32x map_lanes(f32x x, Lanes lanes, const F& f) {
  alignas(64) float in[16] = {};
  alignas(64) float out[16] = {};
  store(in, x);
  for (int i = 0; i < lane_count(lanes); i++) out[i] = f(in[i]);
  return load(out);
}
template <class F, class Lanes>
FS_INLINE f32x map_lanes(f32x x, f32x y, Lanes lanes, const F& f) {
  alignas(64) float a[16] = {};
  alignas(64) float b[16] = {};
  alignas(64) float out[16] = {};
  store(a, x);
  store(b, y);
  for (int i = 0; i < lane_count(lanes); i++) out[i] = f(a[i], b[i]);
  return load(out);
}

}  // namespace fs

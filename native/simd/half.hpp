// One value at a time: float <-> f16 and bf16 by bit arithmetic, rounding half to even, denormals kept, NaNs made quiet.
#pragma once

#include <cstdint>
#include <cstring>

namespace fs {

inline uint32_t f32_bits(float a) {
  uint32_t r;
  std::memcpy(&r, &a, 4);
  return r;
}
inline float f32_from_bits(uint32_t a) {
  float r;
  std::memcpy(&r, &a, 4);
  return r;
}

inline float bf16_to_f32(uint16_t a) { return f32_from_bits(static_cast<uint32_t>(a) << 16); }
inline uint16_t f32_to_bf16(float a) {
  const uint32_t u = f32_bits(a);
  if ((u & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((u >> 16) | 0x40u);
  return static_cast<uint16_t>((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}

inline float f16_to_f32(uint16_t a) {
  const uint32_t sign = static_cast<uint32_t>(a & 0x8000u) << 16, exponent = (a >> 10) & 31u, fraction = a & 0x3ffu;
  if (exponent == 31) return f32_from_bits(sign | 0x7f800000u | (fraction << 13) | (fraction != 0 ? 0x400000u : 0));
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 5.9604644775390625e-8f;  // 2^-24, the unit of f16 denormals
    return sign != 0 ? -magnitude : magnitude;
  }
  return f32_from_bits(sign | ((exponent + 112) << 23) | (fraction << 13));
}
inline uint16_t f32_to_f16(float a) {
  const uint32_t u = f32_bits(a), sign = (u >> 16) & 0x8000u, magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x1ffu));
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to infinity
  if (magnitude < 0x38800000u) {  // f16 denormal: adding 0.5 puts the unit 2^-24 at the last bit
    const float shifted = f32_from_bits(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (f32_bits(shifted) - 0x3f000000u));
  }
  const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

}  // namespace fs

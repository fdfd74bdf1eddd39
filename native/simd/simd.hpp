// The vector layer of generated code and of the kernels: one name per operation, whatever the instruction set.
//
// Include this header alone. The compile flags choose the backend: AVX-512 (F+BW+DQ+VL): 16 lanes; AVX2+FMA+F16C: 8 lanes; otherwise (or
// with -DFS_FORCE_SCALAR) one lane, which is also the executable meaning of every operation. Types: f32x, i32x, mask (one flag per lane).
//
// Conventions
// - Loads and stores take any alignment. `load(p, n)` reads only the first n lanes (the others are 0), `store(p, v, n)` writes only them; n
// is an
//   int in [0, f32_lanes] or `all_lanes{}`, so that a generic lambda `[&](..., auto n)` serves both full vectors and tails.
// - `fma(a, b, c)` = a * b + c: one rounding on AVX2 and AVX-512; on a scalar build without the FMA instruction the product is rounded
// first.
//   Sources are built with -ffp-contract=off: nothing else is ever fused.
// - `min` / `max` return NaN if either operand is NaN (ONNX Min, Max, ReduceMax). `min_raw` / `max_raw` are the bare instruction: they
// return b when an
//   operand is NaN or both are zeros; so max_raw(lo, x) and relu(x) let a NaN in x through, as ONNX Runtime does.
// - Comparisons with NaN are false, except `ne`. `select(m, a, b)` is m ? a : b.
// - `to_i32_round` rounds half to even, `to_i32_trunc` towards zero; NaN and values outside int32 give INT32_MIN, as the instruction does.
// - `store_u8`, `store_s8`, `store_u16`, `store_s16` saturate, `store_low8` keeps the low bits. `store_bf16` and `store_f16` round half to even, keep denormals, and quiet
// NaNs.
// - Nothing here depends on or changes MXCSR; code is right for the default environment (no FTZ, no DAZ).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#define FS_INLINE inline __attribute__((always_inline))

namespace fs {
struct all_lanes {};
}  // namespace fs

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__) && !defined(FS_FORCE_SCALAR)
#define FS_SIMD_AVX512 1
#include "avx512.hpp"
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__) && !defined(FS_FORCE_SCALAR)
#define FS_SIMD_AVX2 1
#include "avx2.hpp"
#else
#define FS_SIMD_SCALAR 1
#include "scalar.hpp"
#endif

#include "generic.hpp"

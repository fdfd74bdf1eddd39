// Packing for gemm_f32: B into column panels [n/NR][k][NR] (zero padded to NR columns), A into row panels [m/MR][k][MR] (zero padded to MR
// rows). Works on a range of panels, so that threads can share the work: panels [first, last) are written, others untouched.
#pragma once

#include "../transpose/transpose.hpp"
#include "gemm_f32.hpp"

namespace fs {

constexpr int64_t panels(int64_t extent, int64_t width) { return (extent + width - 1) / width; }
// Floats needed for a packed operand.
constexpr int64_t packed_b_size(int64_t k, int64_t n, int64_t nr = gemm_f32_nr) { return panels(n, nr) * nr * k; }
constexpr int64_t packed_a_size(int64_t m, int64_t k, int64_t mr = gemm_f32_mr) { return panels(m, mr) * mr * k; }

// src: k x n, row-major with row stride ld (in elements).
template <int NR = gemm_f32_nr, class T>
inline void pack_b(T* dst, const T* src, int64_t ld, int64_t k, int64_t n, int64_t first, int64_t last) {
  for (int64_t j = first; j < last; j++) {
    T* to = dst + j * NR * k;
    const int64_t width = n - j * NR < NR ? n - j * NR : NR;
    for (int64_t p = 0; p < k; p++, to += NR) {
      const T* from = src + p * ld + j * NR;
      if (width == NR) {
        std::memcpy(to, from, NR * sizeof(T));
      } else {
        for (int64_t c = 0; c < width; c++) to[c] = from[c];
        for (int64_t c = width; c < NR; c++) to[c] = T{};
      }
    }
  }
}

// src: n x k, row-major with row stride ld (an ONNX Gemm weight with transB = 1); the packed form is that of its transpose.
template <int NR = gemm_f32_nr, class T>
inline void pack_b_transposed(T* dst, const T* src, int64_t ld, int64_t k, int64_t n, int64_t first, int64_t last) {
  if constexpr (std::is_same_v<T, float> && transpose_side > 1 && NR % transpose_side == 0)
    return transpose_into_panels<NR>(dst, src, ld, k, n, first, last);
  // Sixteen steps of k at a time: each source line is read once while the 16 destination rows stay in L1.
  constexpr int64_t block = 16;
  for (int64_t j = first; j < last; j++) {
    T* const panel = dst + j * NR * k;
    const int64_t width = n - j * NR < NR ? n - j * NR : NR;
    for (int64_t p0 = 0; p0 < k; p0 += block) {
      const int64_t p1 = p0 + block < k ? p0 + block : k;
      for (int64_t c = 0; c < width; c++)
        for (int64_t p = p0; p < p1; p++) panel[p * NR + c] = src[(j * NR + c) * ld + p];
      for (int64_t c = width; c < NR; c++)
        for (int64_t p = p0; p < p1; p++) panel[p * NR + c] = T{};
    }
  }
}

// src: m x k, row-major with row stride ld.
template <int MR = gemm_f32_mr, class T>
inline void pack_a(T* dst, const T* src, int64_t ld, int64_t m, int64_t k, int64_t first, int64_t last) {
  pack_b_transposed<MR>(dst, src, ld, k, m, first, last);
}
// src: k x m (A stored transposed).
template <int MR = gemm_f32_mr, class T>
inline void pack_a_transposed(T* dst, const T* src, int64_t ld, int64_t m, int64_t k, int64_t first, int64_t last) {
  pack_b<MR>(dst, src, ld, k, m, first, last);
}

}  // namespace fs

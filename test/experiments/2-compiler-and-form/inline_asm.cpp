// The f32 tile of gemm_f32 (14 x 32 on AVX-512) with its loop emitted as one block of assembly, in the same bench as the C++ form: what a
// code generator that allocates registers itself would produce.
#include "kernels/gemm_f32/pack.hpp"
#include "kernels/testing/bench.hpp"

using namespace fs;

namespace {

constexpr int64_t m = 14 * 16, n = 32 * 3, k = 192, lda = k;

// Row r accumulates in zmm(4 + 2r) and zmm(5 + 2r) for r < 14; zmm0, zmm1: B; zmm2: A. A is row-major with a constant stride.
#define ROW(r, lo, hi)                    \
  "vbroadcastss " #r                      \
  "*4*192(%[a]), %%zmm2\n"                \
  "vfmadd231ps %%zmm0, %%zmm2, %%zmm" #lo \
  "\n"                                    \
  "vfmadd231ps %%zmm1, %%zmm2, %%zmm" #hi "\n"
#define ZERO(lo, hi) "vpxord %%zmm" #lo ", %%zmm" #lo ", %%zmm" #lo "\nvpxord %%zmm" #hi ", %%zmm" #hi ", %%zmm" #hi "\n"
#define STORE(r, lo, hi) "vmovups %%zmm" #lo ", " #r "*4*96(%[c])\nvmovups %%zmm" #hi ", 64+" #r "*4*96(%[c])\n"

__attribute__((noinline)) void tile(const float* a, const float* b, float* c) {
  int64_t steps = k;
  asm volatile(
      ZERO(4, 5) ZERO(6, 7) ZERO(8, 9) ZERO(10, 11) ZERO(12, 13) ZERO(14, 15) ZERO(16, 17) ZERO(18, 19) ZERO(20, 21) ZERO(22, 23) ZERO(24, 25) ZERO(26, 27)
          ZERO(28, 29) ZERO(30, 31)
      "1:\n"
      "vmovups (%[b]), %%zmm0\nvmovups 64(%[b]), %%zmm1\nadd $128, %[b]\n"
      ROW(0, 4, 5) ROW(1, 6, 7) ROW(2, 8, 9) ROW(3, 10, 11) ROW(4, 12, 13) ROW(5, 14, 15) ROW(6, 16, 17) ROW(7, 18, 19) ROW(8, 20, 21) ROW(9, 22, 23)
          ROW(10, 24, 25) ROW(11, 26, 27) ROW(12, 28, 29) ROW(13, 30, 31)
      "add $4, %[a]\ndec %[n]\njnz 1b\n"
      STORE(0, 4, 5) STORE(1, 6, 7) STORE(2, 8, 9) STORE(3, 10, 11) STORE(4, 12, 13) STORE(5, 14, 15) STORE(6, 16, 17) STORE(7, 18, 19) STORE(8, 20, 21)
          STORE(9, 22, 23) STORE(10, 24, 25) STORE(11, 26, 27) STORE(12, 28, 29) STORE(13, 30, 31)
      : [a] "+r"(a), [b] "+r"(b), [n] "+r"(steps)
      : [c] "r"(c)
      : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17",
        "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

}  // namespace

int main() {
  bench::array<float> a(m * k), b(packed_b_size(k, n)), c(m * n), expected(m * n);
  const bench::peak fma_peak{runner::fma_avx512, 32};
  bench::report("f32 L2, A row-major", fma_peak, [&] {
    for (int64_t j = 0; j < n; j += 32)
      for (int64_t i = 0; i < m; i += 14) tile(a.p + i * lda, b.p + j * k, c.p + i * n + j);
    return 2.0 * m * n * k;
  });
  gemm_f32(fixed<m>{}, fixed<n>{}, fixed<k>{}, a_rows{a.p, fixed<lda>{}}, b_panels{b.p, k}, gemm_zero{}, gemm_store{expected.p, n});
  for (int64_t i = 0; i < m * n; i++)
    if (c.p[i] != expected.p[i]) return std::printf("wrong at %d\n", static_cast<int>(i)), 1;
  return 0;
}

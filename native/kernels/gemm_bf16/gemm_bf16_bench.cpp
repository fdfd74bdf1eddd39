// Bench of gemm_bf16: operands in L2 and a 1024^3 loop nest. `fraction` is of the vdpbf16ps peak measured beside it (of the FMA peak
// without it).
#include "../testing/bench.hpp"
#include "pack.hpp"

using namespace fs;

namespace {

#if defined(__AVX512BF16__)
const bench::peak bf16_peak{runner::bf16_avx512, 64};
#else
const bench::peak bf16_peak{runner::fma_avx2, 16};
#endif

void l2_resident() {
  constexpr int64_t m = gemm_bf16_mr * 16, n = gemm_bf16_nr * 4, k = 256;
  bench::array<uint16_t> a(m * k), b(packed_b_bf16_size(k, n));
  bench::array<float> c(m * n);
  bench::report("bf16 L2", bf16_peak, [&] {
    gemm_bf16(fixed<m>{}, fixed<n>{}, fixed<k>{}, a_rows{a.p, fixed<k>{}}, b_panels{b.p, k}, gemm_zero{}, gemm_store{c.p, n});
    return 2.0 * m * n * k;
  });
}

template <int64_t mc>
void cube(const char* name) {
  constexpr int64_t s = 1024;
  bench::array<uint16_t> a(s * s), b(packed_b_bf16_size(s, s));
  bench::array<float> c(s * s);
  bench::report(
      name, bf16_peak,
      [&] {
        for (int64_t i = 0; i < s; i += mc)
          gemm_bf16(std::min(mc, s - i), fixed<s>{}, fixed<s>{}, a_rows{a.p + i * s, fixed<s>{}}, b_panels{b.p, s}, gemm_zero{},
                    gemm_store{c.p + i * s, s});
        return 2.0 * s * s * s;
      },
      0.5);
}

}  // namespace

int main() {
  l2_resident();
  cube<gemm_bf16_mr * 10>("bf16 1024^3, mc = 10 tiles");
  cube<gemm_bf16_mr * 20>("bf16 1024^3, mc = 20 tiles");
  return 0;
}

// Bench of gemm_u8s8: operands in L2, a 1024^3 loop nest, few rows. `fraction` is of the VNNI peak measured beside it (of the FMA peak
// without VNNI).
#include "../testing/bench.hpp"
#include "gemm_u8s8.hpp"

using namespace fs;

namespace {

using bench::int8_peak;

void l2_resident() {
  constexpr int64_t m = gemm_u8s8_mr * 16, n = gemm_u8s8_nr * 6, k = 512;
  bench::array<uint8_t> a(m * k);
  bench::array<int8_t> b(packed_b_u8s8_size(k, n));
  bench::array<int32_t> c(m * n);
  bench::report("u8s8 L2", int8_peak, [&] {
    gemm_u8s8(fixed<m>{}, fixed<n>{}, fixed<k>{}, a_rows{a.p, fixed<k>{}}, b_panels{b.p, k}, igemm_zero{}, igemm_store{c.p, n});
    return 2.0 * m * n * k;
  });
}

// One step of k is four bytes deep, so a panel of the whole depth (32 KB) and the rows of a block fit L2: no blocking of k.
template <int64_t mc>
void cube(const char* name) {
  constexpr int64_t s = 1024;
  bench::array<uint8_t> a(s * s);
  bench::array<int8_t> b(packed_b_u8s8_size(s, s));
  bench::array<int32_t> c(s * s);
  bench::report(
      name, int8_peak,
      [&] {
        for (int64_t i = 0; i < s; i += mc)
          gemm_u8s8(std::min(mc, s - i), fixed<s>{}, fixed<s>{}, a_rows{a.p + i * s, fixed<s>{}}, b_panels{b.p, s}, igemm_zero{},
                    igemm_store{c.p + i * s, s});
        return 2.0 * s * s * s;
      },
      0.5);
}

template <int64_t m>
void few_rows(int64_t k, int64_t n) {
  bench::array<uint8_t> a(m * k);
  bench::array<int8_t> b(packed_b_u8s8_size(k, n));
  bench::array<int32_t> c(m * n);
  const double rate = bench::best_rate(0.2, [&] {
    gemm_u8s8(fixed<m>{}, n, k, a_rows{a.p, k}, b_panels{b.p, k}, igemm_zero{}, igemm_store{c.p, n});
    return static_cast<double>(n * k);
  });
  std::printf("{\"name\":\"u8s8 m=%d, %.1f MB of B\",\"simd\":\"%s\",\"gbs\":%.1f}\n", static_cast<int>(m),
              static_cast<double>(n * k) * 1e-6, simd_name, rate);
}

}  // namespace

int main() {
  l2_resident();
  cube<gemm_u8s8_mr * 10>("u8s8 1024^3, mc = 10 tiles");
  cube<gemm_u8s8_mr * 20>("u8s8 1024^3, mc = 20 tiles");
  few_rows<1>(1024, 512);
  few_rows<1>(4096, 16384);
  return 0;
}

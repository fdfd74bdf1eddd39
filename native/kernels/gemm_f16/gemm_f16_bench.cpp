// Bench of gemm_f16: operands in L2, rows of f16 and of f32, and one row against large weights. `fraction` is of the FMA peak measured
// beside it.
#include "../testing/bench.hpp"
#include "gemm_f16.hpp"

using namespace fs;

namespace {

template <class T>
void l2_resident(const char* name) {
  constexpr int64_t m = gemm_f32_mr * 16, n = gemm_f32_nr * 4, k = 256;
  bench::array<T> a(m * k);
  bench::array<uint16_t> b(packed_b_size(k, n));
  bench::array<float> c(m * n);
  bench::report(name, bench::fma_peak, [&] {
    gemm_f16(fixed<m>{}, fixed<n>{}, fixed<k>{}, a_rows{a.p, fixed<k>{}}, b_panels{b.p, k}, gemm_zero{}, gemm_store{c.p, n});
    return 2.0 * m * n * k;
  });
}

void few_rows(int64_t k, int64_t n) {
  bench::array<float> a(k), c(n);
  bench::array<uint16_t> b(packed_b_size(k, n));
  const double rate = bench::best_rate(0.3, [&] {
    gemm_f16(fixed<1>{}, n, k, a_rows{a.p, k}, b_panels{b.p, k}, gemm_zero{}, gemm_store{c.p, n});
    return 2.0 * static_cast<double>(n * k);
  });
  bench::bandwidth("f32 x f16, m = 1", static_cast<double>(n * k) * 2e-6, rate);
}

}  // namespace

int main() {
  l2_resident<uint16_t>("f16 L2");
  l2_resident<float>("f32 x f16 L2");
  few_rows(1024, 512);
  few_rows(4096, 8192);
  return 0;
}

// Sweep test of gemm_f16 against the scalar reference and, bit by bit, against gemm_f32 on the widened operands.
#include "gemm_f16.hpp"

#include <vector>

#include "../testing/check.hpp"
#include "gemm_f16_ref.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;

void sweep_one(int64_t m, int64_t n, int64_t k) {
  const int64_t lda = k + 1, count = (m - 1) * lda + k, panel_count = panels(n, gemm_f32_nr), size = packed_b_size(k, n);
  guarded<uint16_t> a(count), b(k * n), turned(n * k), packed(size), again(size);
  guarded<float> wide_a(count), wide_b(k * n), wide_packed(size), c(m * n), wide_c(m * n);
  for (int64_t i = 0; i < count; i++) wide_a.p[i] = f16_to_f32(a.p[i] = f32_to_f16(values.uniform()));
  for (int64_t i = 0; i < k * n; i++) wide_b.p[i] = f16_to_f32(b.p[i] = f32_to_f16(values.uniform()));
  b.p[0] = 0x0001, wide_b.p[0] = 0x1p-24f;  // denormals count
  for (int64_t p = 0; p < k; p++)
    for (int64_t j = 0; j < n; j++) turned.p[j * k + p] = b.p[p * n + j];
  pack_b(packed.p, b.p, n, k, n, 0, panel_count);
  pack_b_transposed(again.p, turned.p, k, k, n, 0, panel_count);
  check::that(std::memcmp(packed.p, again.p, static_cast<size_t>(size) * 2) == 0, "packing of columns differs, k = %lld",
              static_cast<long long>(k));
  pack_b(wide_packed.p, wide_b.p, n, k, n, 0, panel_count);
  std::vector<float> expected(static_cast<size_t>(m * n));
  gemm_f16_ref(m, n, k, a.p, lda, b.p, expected.data());
  const auto same = [&](const char* what) {
    double worst = 0;
    for (int64_t i = 0; i < m * n; i++) worst = std::max(worst, static_cast<double>(std::fabs(c.p[i] - expected[static_cast<size_t>(i)])));
    check::that(worst <= 1.2e-7 * (static_cast<double>(k) + 2), "%s %lldx%lldx%lld: off by %g", what, static_cast<long long>(m),
                static_cast<long long>(n), static_cast<long long>(k), worst);
    check::that(std::memcmp(c.p, wide_c.p, static_cast<size_t>(m * n) * 4) == 0, "%s %lldx%lldx%lld is not gemm_f32 on widened operands",
                what, static_cast<long long>(m), static_cast<long long>(n), static_cast<long long>(k));
  };
  gemm_f32(m, n, k, a_rows{wide_a.p, lda}, b_panels{wide_packed.p, k}, gemm_zero{}, gemm_store{wide_c.p, n});
  gemm_f16(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, gemm_zero{}, gemm_store{c.p, n});
  same("f16");
  gemm_f16(m, n, k, a_rows{wide_a.p, lda}, b_panels{packed.p, k}, gemm_zero{}, gemm_store{c.p, n});
  same("f32 by f16");
}

}  // namespace

int main() {
  for (const int64_t m : {1, 2, 4, 13, 14, 15})
    for (const int64_t n : {1, 15, 16, 17, 32, 33})
      for (const int64_t k : {1, 2, 5, 64}) sweep_one(m, n, k);
  sweep_one(17, 33, 1025);
  return check::finish();
}

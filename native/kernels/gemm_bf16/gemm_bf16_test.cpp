// Sweep test of gemm_bf16 against the scalar reference: odd depths, edges of tiles, buffers that end at guard pages.
#include "gemm_bf16.hpp"

#include <vector>

#include "../testing/check.hpp"
#include "gemm_bf16_ref.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;

void sweep_one(int64_t m, int64_t n, int64_t k) {
  const int64_t lda = k + 1, count = (m - 1) * lda + k;
  guarded<uint16_t> a(count), b(k * n), packed(packed_b_bf16_size(k, n)), again(packed_b_bf16_size(k, n));
  guarded<float> c(m * n), wide(k * n);
  for (int64_t i = 0; i < count; i++) a.p[i] = f32_to_bf16(values.uniform());
  for (int64_t i = 0; i < k * n; i++) b.p[i] = f32_to_bf16(wide.p[i] = values.uniform());
  const int64_t panels = (n + gemm_bf16_nr - 1) / gemm_bf16_nr;
  pack_b_bf16(packed.p, b.p, n, 1, k, n, 0, panels);
  pack_b_bf16(again.p, wide.p, n, 1, k, n, 0, panels);
  check::that(std::memcmp(packed.p, again.p, static_cast<size_t>(packed_b_bf16_size(k, n)) * 2) == 0, "packing from f32 differs, k = %lld",
              static_cast<long long>(k));
  pack_b_bf16_rows(again.p, wide.p, n, k, n, 0, panels);
  check::that(std::memcmp(packed.p, again.p, static_cast<size_t>(packed_b_bf16_size(k, n)) * 2) == 0, "pack_b_bf16_rows differs, k = %lld",
              static_cast<long long>(k));
  guarded<uint16_t> turned(n * k);
  for (int64_t p = 0; p < k; p++)
    for (int64_t j = 0; j < n; j++) turned.p[j * k + p] = b.p[p * n + j];
  pack_b_bf16_transposed(again.p, turned.p, k, k, n, 0, panels);
  check::that(std::memcmp(packed.p, again.p, static_cast<size_t>(packed_b_bf16_size(k, n)) * 2) == 0,
              "pack_b_bf16_transposed differs, k = %lld", static_cast<long long>(k));
  std::vector<float> expected(static_cast<size_t>(m * n));
  gemm_bf16_ref(m, n, k, a.p, lda, b.p, expected.data());
  gemm_bf16(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, gemm_zero{}, gemm_store{c.p, n});
  double worst = 0;
  for (int64_t i = 0; i < m * n; i++) worst = std::max(worst, static_cast<double>(std::fabs(c.p[i] - expected[i])));
  check::that(worst <= 1.2e-7 * (static_cast<double>(k) + 2), "%lldx%lldx%lld: off by %g", static_cast<long long>(m),
              static_cast<long long>(n), static_cast<long long>(k), worst);
}

}  // namespace

int main() {
  for (const int64_t m : {1, 2, 4, 7, 13, 14, 15, 29})
    for (const int64_t n : {1, 15, 16, 17, 31, 32, 33, 63})
      for (const int64_t k : {1, 2, 3, 4, 5, 17, 64}) sweep_one(m, n, k);
  sweep_one(17, 33, 4097);
  return check::finish();
}

// Sweep test of gemm_bf16 against the scalar reference: odd depths, edges of tiles, buffers that end at guard pages.
#include <vector>

#include "../testing/check.hpp"
#include "gemm_bf16_ref.hpp"
#include "pack.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;

void sweep_one(int64_t m, int64_t n, int64_t k) {
  const int64_t lda = k + 1, count = (m - 1) * lda + k;
  guarded<uint16_t> a(count), b(k * n), packed(packed_b_bf16_size(k, n)), again(packed_b_bf16_size(k, n));
  guarded<float> c(m * n), wide(k * n);
  for (int64_t i = 0; i < k * n; i++) b.p[i] = f32_to_bf16(wide.p[i] = values.uniform());
  const int64_t panels = (n + gemm_bf16_nr - 1) / gemm_bf16_nr;
  // Packed in every way: from rows and columns of both types, and element by element. All give the bytes that the layout says.
  const int64_t size = packed_b_bf16_size(k, n), deep = round_up(k, 2);
  std::vector<uint16_t> layout(static_cast<size_t>(size), 0);
  for (int64_t p = 0; p < k; p++)
    for (int64_t j = 0; j < n; j++)
      layout[static_cast<size_t>(j / gemm_bf16_nr * gemm_bf16_nr * deep + (p / 2 * gemm_bf16_nr + j % gemm_bf16_nr) * 2 + p % 2)] =
          b.p[p * n + j];
  guarded<uint16_t> turned(n * k);
  guarded<float> turned_wide(n * k), spread(2 * n * k);
  for (int64_t p = 0; p < k; p++)
    for (int64_t j = 0; j < n; j++)
      turned.p[j * k + p] = b.p[p * n + j], turned_wide.p[j * k + p] = spread.p[2 * (j * k + p)] = wide.p[p * n + j];
  const auto same = [&](const char* how) {
    check::that(std::memcmp(layout.data(), again.p, static_cast<size_t>(size) * 2) == 0, "packing %s differs, k = %lld, n = %lld", how,
                static_cast<long long>(k), static_cast<long long>(n));
    for (int64_t i = 0; i < size; i++) again.p[i] = 0x7fff;
  };
  pack_b_bf16(again.p, b.p, n, 1, k, n, 0, panels), same("rows");
  pack_b_bf16(again.p, wide.p, n, 1, k, n, 0, panels), same("rows of f32");
  pack_b_bf16(again.p, turned.p, 1, k, k, n, 0, panels), same("columns");
  pack_b_bf16(again.p, turned_wide.p, 1, k, k, n, 0, panels), same("columns of f32");
  pack_b_bf16(again.p, spread.p, 2, 2 * k, k, n, 0, panels), same("apart");
  pack_b_bf16(packed.p, b.p, n, 1, k, n, 0, panels);
  guarded<float> wide_a(count);
  guarded<uint16_t> rows(count);
  for (int64_t i = 0; i < count; i++) wide_a.p[i] = values.uniform(), a.p[i] = f32_to_bf16(wide_a.p[i]);
  pack_a_bf16(rows.p, lda, wide_a.p, lda, m, k);
  int64_t wrong = 0;
  for (int64_t i = 0; i < count; i++) wrong += rows.p[i] != (i % lda < k ? a.p[i] : 0);
  check::that(wrong == 0, "pack_a_bf16 %lldx%lld: %lld wrong", static_cast<long long>(m), static_cast<long long>(k),
              static_cast<long long>(wrong));
  std::vector<float> expected(static_cast<size_t>(m * n));
  gemm_bf16_ref(m, n, k, a.p, lda, b.p, expected.data());
  gemm_bf16(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, gemm_zero{}, gemm_store{c.p, n});
  double worst = 0;
  for (int64_t i = 0; i < m * n; i++) worst = std::max(worst, static_cast<double>(std::fabs(c.p[i] - expected[i])));
  check::that(worst <= 1.2e-7 * (static_cast<double>(k) + 2), "%lldx%lldx%lld: off by %g", static_cast<long long>(m),
              static_cast<long long>(n), static_cast<long long>(k), worst);
}

// Rounding of every kind of value: what pack_a_bf16 gives is what the scalar conversion gives.
void rounding() {
  constexpr int64_t n = 1 << 16;
  std::vector<float> from(n);
  std::vector<uint16_t> to(n);
  for (const uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
    for (int64_t i = 0; i < n; i++) from[static_cast<size_t>(i)] = f32_from_bits(static_cast<uint32_t>(i) << 16 | low);
    pack_a_bf16(to.data(), n, from.data(), n, 1, n);
    int64_t wrong = 0;
    for (int64_t i = 0; i < n; i++) wrong += to[static_cast<size_t>(i)] != f32_to_bf16(from[static_cast<size_t>(i)]);
    check::that(wrong == 0, "rounding with low bits %x: %lld wrong", low, static_cast<long long>(wrong));
  }
}

}  // namespace

int main() {
  rounding();
  for (const int64_t m : {1, 2, 4, 7, 13, 14, 15, 29})
    for (const int64_t n : {1, 15, 16, 17, 31, 32, 33, 63})
      for (const int64_t k : {1, 2, 3, 4, 5, 17, 64}) sweep_one(m, n, k);
  sweep_one(17, 33, 4097);
  return check::finish();
}

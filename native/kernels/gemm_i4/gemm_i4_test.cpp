// Sweep test of gemm_f32_i4 and gemm_i8_i4 against the scalar reference: odd depths and edges, f32 and f16 scales, with and without zero
// points, buffers that end at guard pages.
#include "gemm_i4.hpp"

#include <vector>

#include "../testing/check.hpp"
#include "gemm_i4_ref.hpp"
#include "gemm_i4_s8.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;

template <class S>
void sweep_one(int64_t m, int64_t n, int64_t k, bool zero_points) {
  const int64_t lda = k + 1, count = (m - 1) * lda + k, blocks = i4_blocks(k), panels = (n + gemm_f32_nr - 1) / gemm_f32_nr;
  guarded<float> a(count), c(m * n);
  guarded<uint8_t> b(n * blocks * 16), zeros(n * ((blocks + 1) / 2)), packed(packed_i4_weights(k, n)), packed_zeros(packed_i4_scales(k, n));
  guarded<S> scales(n * blocks);
  guarded<float> packed_scales(packed_i4_scales(k, n));
  check::fill(a.p, count, values);
  check::fill(b.p, n * blocks * 16, values);
  check::fill(zeros.p, n * ((blocks + 1) / 2), values);
  for (int64_t i = 0; i < n * blocks; i++) {
    const float s = 0.01f + 0.01f * std::fabs(values.uniform());
    if constexpr (std::is_same_v<S, float>)
      scales.p[i] = s;
    else
      scales.p[i] = f32_to_f16(s);
  }
  const uint8_t* const z = zero_points ? zeros.p : nullptr;
  pack_b_i4(packed.p, packed_scales.p, packed_zeros.p, b.p, scales.p, z, k, n, 0, panels);
  const b_i4 right{packed.p, packed_scales.p, zero_points ? packed_zeros.p : nullptr, k};
  std::vector<double> expected(static_cast<size_t>(m * n)), size(static_cast<size_t>(m * n));
  gemm_i4_ref(m, n, k, a.p, lda, b.p, [&](int64_t i) { return i4_scale(scales.p[i]); }, z, expected.data(), size.data());
  const auto compare = [&](const char* what, const std::vector<double>& right_answer, double per_product) {
    double worst = 0;
    for (int64_t i = 0; i < m * n; i++) {
      const size_t at = static_cast<size_t>(i);
      worst = std::max(worst, std::fabs(static_cast<double>(c.p[i]) - right_answer[at]) - size[at] * per_product);
      c.p[i] = NAN;
    }
    check::that(worst <= 1e-9, "%s %lldx%lldx%lld%s: off by %g", what, static_cast<long long>(m), static_cast<long long>(n),
                static_cast<long long>(k), zero_points ? " with zero points" : "", worst);
  };
  gemm_f32_i4(m, n, k, a_rows{a.p, lda}, right, gemm_store{c.p, n});
  compare("f32", expected, 1.2e-7 * 12);
  // The rounded A is data of its own: the product of it is as exact as any f32 sum of its blocks.
  guarded<int8_t> q(m * blocks * i4_block);
  guarded<float> q_scales(m * blocks), rounded(count);
  guarded<int32_t> sums(m * blocks);
  quantise_rows_i8(q.p, q_scales.p, sums.p, a.p, lda, m, k);
  double off = 0;
  for (int64_t i = 0; i < m; i++)
    for (int64_t block = 0; block < blocks; block++) {
      int32_t sum = 0;
      const float scale = q_scales.p[i * blocks + block];
      for (int64_t p = 0; p < i4_block; p++) {
        const int8_t x = q.p[(i * blocks + block) * i4_block + p];
        sum += x;
        if (block * i4_block + p >= k) {
          off = std::max(off, x == 0 ? 0.0 : 1.0);
          continue;
        }
        float& to = rounded.p[i * lda + block * i4_block + p];
        to = static_cast<float>(x) * scale;
        off = std::max(off, std::fabs(static_cast<double>(to) - a.p[i * lda + block * i4_block + p]) / scale - 0.5 - 1e-4);
      }
      off = std::max(off, sum == sums.p[i * blocks + block] ? 0.0 : 1.0);
    }
  check::that(off <= 0, "quantised rows %lldx%lld: off by %g", static_cast<long long>(m), static_cast<long long>(k), off);
  std::vector<double> of_rounded(static_cast<size_t>(m * n));
  gemm_i4_ref(m, n, k, rounded.p, lda, b.p, [&](int64_t i) { return i4_scale(scales.p[i]); }, z, of_rounded.data(), size.data());
  gemm_i8_i4(m, n, a_i8_blocks{q.p, q_scales.p, sums.p, k}, right, gemm_store{c.p, n});
  compare("i8", of_rounded, 1.2e-7 * 12);
}

// Blocks of zeros, of denormals, and with values that are no numbers.
void special() {
  constexpr int64_t k = 128;
  guarded<float> a(k), scales(4);
  guarded<int8_t> q(k);
  guarded<int32_t> sums(4);
  for (int64_t i = 0; i < k; i++) a.p[i] = i < 32 ? 0.0f : i < 64 ? 1e-42f * static_cast<float>(i) : 1.0f;
  a.p[70] = NAN, a.p[100] = HUGE_VALF;
  quantise_rows_i8(q.p, scales.p, sums.p, a.p, k, 1, k);
  check::that(scales.p[0] == 0 && sums.p[0] == 0, "a block of zeros");
  check::that(scales.p[1] > 0 && q.p[63] == 127, "a block of denormals: %d", q.p[63]);
  check::that(std::isnan(scales.p[2]) && std::isnan(scales.p[3]), "blocks with a NaN and an infinity");
}

}  // namespace

int main() {
  special();
  for (const int64_t m : {1, 2, 3, 4, 5, 15, 33})
    for (const int64_t n : {1, 15, 16, 17, 33, 64})
      for (const int64_t k : {1, 7, 31, 32, 33, 64, 90}) {
        sweep_one<float>(m, n, k, (m + n + k) % 2 == 0);
        if (m < 6) sweep_one<uint16_t>(m, n, k, (m + n + k) % 2 != 0);
      }
  sweep_one<float>(2, 40, 1000, true);
  sweep_one<float>(130, 33, 600, true);
  return check::finish();
}

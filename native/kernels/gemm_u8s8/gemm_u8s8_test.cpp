// Sweep test of gemm_u8s8 and gemm_s8s8, exact, over all byte values (255 * -128 included), odd depths, buffers that end at guard pages.
#include "gemm_u8s8.hpp"

#include <vector>

#include "../testing/check.hpp"
#include "gemm_u8s8_ref.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;

template <class T>
void sweep_one(int64_t m, int64_t n, int64_t k) {
  constexpr bool is_signed = std::is_signed_v<T>;
  const int64_t lda = k + 1;
  guarded<T> a((m - 1) * lda + k);
  guarded<int8_t> b(k * n), packed(packed_b_u8s8_size(k, n));
  guarded<int32_t> c(m * n), colsum(n), start(n);
  check::fill(a.p, (m - 1) * lda + k, values);
  check::fill(b.p, k * n, values);
  for (int64_t i = 0; i < k; i += 7) b.p[i * n] = -128;
  for (int64_t i = 0; i < k; i += 5) a.p[i] = is_signed ? static_cast<T>(-128) : static_cast<T>(255);
  pack_b_u8s8(packed.p, b.p, n, 1, k, n, 0, (n + gemm_u8s8_nr - 1) / gemm_u8s8_nr, colsum.p);
  for (int64_t j = 0; j < n; j++) start.p[j] = is_signed ? -128 * colsum.p[j] : 0;
  std::vector<int32_t> expected(static_cast<size_t>(m * n));
  gemm_i8_ref(m, n, k, a.p, lda, b.p, expected.data());
  if constexpr (is_signed)
    gemm_s8s8<4>(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, igemm_columns{start.p}, igemm_store{c.p, n});
  else
    gemm_u8s8(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, igemm_columns{start.p}, igemm_store{c.p, n});
  int64_t wrong = 0;
  for (int64_t i = 0; i < m * n; i++) wrong += c.p[i] != expected[i];
  check::that(wrong == 0, "%s %lldx%lldx%lld: %lld wrong", is_signed ? "s8s8" : "u8s8", static_cast<long long>(m),
              static_cast<long long>(n), static_cast<long long>(k), static_cast<long long>(wrong));
}

// Unsigned weights are packed less 128; whole panels of rows, and columns at a distance, give the same bytes and sums.
void pack_one(int64_t k, int64_t n) {
  const int64_t panels = (n + gemm_u8s8_nr - 1) / gemm_u8s8_nr, size = packed_b_u8s8_size(k, n);
  guarded<uint8_t> b(k * n), turned(k * n);
  guarded<int8_t> less(k * n), packed(size), apart(size), from_signed(size);
  guarded<int32_t> sums(n), sums_apart(n), sums_signed(n);
  check::fill(b.p, k * n, values);
  for (int64_t p = 0; p < k; p++)
    for (int64_t j = 0; j < n; j++) turned.p[j * k + p] = b.p[p * n + j], less.p[p * n + j] = static_cast<int8_t>(b.p[p * n + j] - 128);
  pack_b_u8s8(packed.p, b.p, n, 1, k, n, 0, panels, sums.p);
  pack_b_u8s8(apart.p, turned.p, 1, k, k, n, 0, panels, sums_apart.p);
  pack_b_u8s8(from_signed.p, less.p, n, 1, k, n, 0, panels, sums_signed.p);
  int64_t wrong = 0;
  for (int64_t i = 0; i < size; i++) {
    const int64_t j = i / (gemm_u8s8_nr * round_up(k, 4)) * gemm_u8s8_nr + i / 4 % gemm_u8s8_nr;
    const int64_t p = i % (gemm_u8s8_nr * round_up(k, 4)) / (gemm_u8s8_nr * 4) * 4 + i % 4;
    const int8_t expected = j < n && p < k ? less.p[p * n + j] : 0;
    wrong += (packed.p[i] != expected) + (apart.p[i] != expected) + (from_signed.p[i] != expected);
  }
  for (int64_t j = 0; j < n; j++) {
    int32_t sum = 0;
    for (int64_t p = 0; p < k; p++) sum += less.p[p * n + j];
    wrong += (sums.p[j] != sum) + (sums_apart.p[j] != sum) + (sums_signed.p[j] != sum);
  }
  check::that(wrong == 0, "packing %lldx%lld: %lld wrong", static_cast<long long>(k), static_cast<long long>(n), static_cast<long long>(wrong));
}

}  // namespace

int main() {
  for (const int64_t k : {1, 2, 3, 4, 5, 8, 31, 64})
    for (const int64_t n : {1, 7, 8, 15, 16, 17, 31, 32, 33, 64, 70}) pack_one(k, n);
  for (const int64_t m : {1, 2, 4, 7, 13, 14, 15, 29})
    for (const int64_t n : {1, 15, 16, 17, 31, 32, 33, 63})
      for (const int64_t k : {1, 2, 3, 4, 5, 8, 17, 64}) {
        sweep_one<uint8_t>(m, n, k);
        sweep_one<int8_t>(m, n, k);
      }
  sweep_one<uint8_t>(17, 33, 4097);
  sweep_one<int8_t>(3, 16, 1000);
  return check::finish();
}

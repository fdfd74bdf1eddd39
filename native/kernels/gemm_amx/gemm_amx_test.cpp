// Sweep test of the AMX kernels against the scalar references, with buffers that end at guard pages. Runs on tiles where there are some,
// else on emulated ones (-DFS_AMX_EMULATED), which tests everything but the instructions.
#include "gemm_amx.hpp"

#include <vector>

#include "../gemm_bf16/gemm_bf16_ref.hpp"
#include "../gemm_u8s8/gemm_u8s8_ref.hpp"
#include "../testing/check.hpp"

#if !defined(FS_AMX_EMULATED)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace fs;
using check::guarded;

namespace {

check::random values;

template <class T>
void int8(int64_t m, int64_t n, int64_t k) {
  const int64_t lda = k + 1;
  guarded<T> a((m - 1) * lda + k);
  guarded<int8_t> b(k * n), packed(packed_b_u8s8_size(k, n, 32));
  guarded<int32_t> c(m * n), colsum(n);
  check::fill(a.p, (m - 1) * lda + k, values);
  check::fill(b.p, k * n, values);
  pack_b_u8s8<32>(packed.p, b.p, n, 1, k, n, 0, (n + 31) / 32, colsum.p);
  std::vector<int32_t> expected(static_cast<size_t>(m * n));
  gemm_i8_ref(m, n, k, a.p, lda, b.p, expected.data());
  if constexpr (std::is_signed_v<T>)
    gemm_s8s8_amx(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, igemm_columns{colsum.p}, igemm_store{c.p, n});
  else
    gemm_u8s8_amx(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, igemm_columns{colsum.p}, igemm_store{c.p, n});
  int64_t wrong = 0;
  for (int64_t i = 0; i < m * n; i++) wrong += c.p[i] != expected[i] + colsum.p[i % n];
  check::that(wrong == 0, "%s8s8 %lldx%lldx%lld: %lld wrong", std::is_signed_v<T> ? "s" : "u", static_cast<long long>(m),
              static_cast<long long>(n), static_cast<long long>(k), static_cast<long long>(wrong));
}

void bf16(int64_t m, int64_t n, int64_t k) {
  const int64_t lda = k + 2, count = (m - 1) * lda + k;
  guarded<uint16_t> a(count), b(k * n), packed(packed_b_bf16_size(k, n, 32));
  guarded<float> c(m * n);
  for (int64_t i = 0; i < count; i++) a.p[i] = f32_to_bf16(values.uniform());
  for (int64_t i = 0; i < k * n; i++) b.p[i] = f32_to_bf16(values.uniform());
  pack_b_bf16<32>(packed.p, b.p, n, 1, k, n, 0, (n + 31) / 32);
  std::vector<float> expected(static_cast<size_t>(m * n));
  gemm_bf16_ref(m, n, k, a.p, lda, b.p, expected.data());
  gemm_bf16_amx(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, gemm_zero{}, gemm_store{c.p, n});
  double worst = 0;
  for (int64_t i = 0; i < m * n; i++) worst = std::max(worst, static_cast<double>(std::fabs(c.p[i] - expected[i])));
  check::that(worst <= 1.2e-7 * (static_cast<double>(k) + 2), "bf16 %lldx%lldx%lld: off by %g", static_cast<long long>(m),
              static_cast<long long>(n), static_cast<long long>(k), worst);
}

// Each row reaches the epilogue once and in order, also where the last tile computes some of them again; one scope around many calls loads
// one configuration.
void once() {
  constexpr int64_t m = 45, n = 33, k = 70;
  guarded<uint8_t> a(m * k);
  guarded<int8_t> packed(packed_b_u8s8_size(k, n, 32));
  std::vector<int> seen(m * n);
#if defined(FS_AMX_EMULATED)
  const int before = amx::configurations;
#endif
  {
    const amx::scope tiles;
    for (int repeat = 0; repeat < 3; repeat++)
      gemm_u8s8_amx(m, n, k, a_rows{a.p, k}, b_panels{packed.p, k}, igemm_zero{}, [&](int64_t row, int64_t col, i32x, auto lanes) {
        for (int i = 0; i < lane_count(lanes); i++) seen[static_cast<size_t>(row * n + col + i)]++;
      });
  }
  int64_t wrong = 0;
  for (const int count : seen) wrong += count != 3;
  check::that(wrong == 0, "%lld elements did not reach the epilogue once", static_cast<long long>(wrong));
#if defined(FS_AMX_EMULATED)
  check::that(amx::configurations == before + 1, "%d configurations for one scope", amx::configurations - before);
#endif
}

}  // namespace

int main() {
#if !defined(FS_AMX_EMULATED)
  if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return std::printf("the system does not permit AMX\n"), 1;
#endif
  for (const int64_t m : {1, 15, 16, 17, 32, 33, 47, 63})
    for (const int64_t n : {1, 15, 16, 17, 31, 32, 33, 63})
      for (const int64_t k : {1, 4, 31, 33, 63, 64, 65, 130, 192}) {
        int8<uint8_t>(m, n, k);
        int8<int8_t>(m, n, k);
        bf16(m, n, k);
      }
  int8<uint8_t>(33, 40, 1000);
  int8<int8_t>(7, 40, 1000);
  bf16(33, 40, 1000);
  once();
  return check::finish();
}

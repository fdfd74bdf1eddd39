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

void int8(int64_t m, int64_t n, int64_t k) {
  const int64_t lda = k + 1;
  guarded<uint8_t> a((m - 1) * lda + k);
  guarded<int8_t> b(k * n), packed(packed_b_u8s8_size(k, n, 32));
  guarded<int32_t> c(m * n), colsum(n);
  check::fill(a.p, (m - 1) * lda + k, values);
  check::fill(b.p, k * n, values);
  pack_b_u8s8<32>(packed.p, b.p, n, 1, k, n, 0, (n + 31) / 32, colsum.p);
  std::vector<int32_t> expected(static_cast<size_t>(m * n));
  gemm_i8_ref(m, n, k, a.p, lda, b.p, expected.data());
  gemm_u8s8_amx(m, n, k, a_rows{a.p, lda}, b_panels{packed.p, k}, igemm_columns{colsum.p}, igemm_store{c.p, n});
  int64_t wrong = 0;
  for (int64_t i = 0; i < m * n; i++) wrong += c.p[i] != expected[i] + colsum.p[i % n];
  check::that(wrong == 0, "u8s8 %lldx%lldx%lld: %lld wrong", static_cast<long long>(m), static_cast<long long>(n),
              static_cast<long long>(k), static_cast<long long>(wrong));
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

}  // namespace

int main() {
#if !defined(FS_AMX_EMULATED)
  if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return std::printf("the system does not permit AMX\n"), 1;
#endif
  amx::configure();
  for (const int64_t m : {1, 15, 16, 17, 32, 33, 48, 63})
    for (const int64_t n : {1, 15, 16, 17, 31, 32, 33, 63})
      for (const int64_t k : {1, 4, 31, 32, 33, 63, 64, 65, 130, 192}) {
        int8(m, n, k);
        bf16(m, n, k);
      }
  int8(33, 40, 1000);
  bf16(33, 40, 1000);
  amx::release();
  return check::finish();
}

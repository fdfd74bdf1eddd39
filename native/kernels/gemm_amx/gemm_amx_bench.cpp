// Bench of the products on AMX tiles: 1024^3 of bytes and of bf16, `fraction` of the tile peak measured beside it. Built for another
// instruction set, or on a system that does not permit tiles, it says so and prints no figure.
#include "../testing/bench.hpp"
#include "gemm_amx.hpp"

#if defined(FS_AMX)
#include <sys/syscall.h>
#include <unistd.h>

using namespace fs;

namespace {

constexpr int64_t s = 1024;

// Blocks of rows whose A stays in the second-level cache.
template <int64_t mc>
void bytes(const char* name) {
  bench::array<uint8_t> a(s * s);
  bench::array<int8_t> b(packed_b_u8s8_size(s, s, 32));
  bench::array<int32_t> c(s * s);
  bench::report(name, {runner::tile_int8, 32768}, [&] {
    const amx::scope tiles;
    for (int64_t i = 0; i < s; i += mc)
      gemm_u8s8_amx(mc, s, s, a_rows{a.p + i * s, s}, b_panels{b.p, s}, igemm_zero{}, igemm_store{c.p + i * s, s});
    return 2.0 * s * s * s;
  });
}
template <int64_t mc>
void bf16(const char* name) {
  bench::array<uint16_t> a(s * s), b(packed_b_bf16_size(s, s, 32));
  bench::array<float> c(s * s);
  bench::report(name, {runner::tile_bf16, 16384}, [&] {
    const amx::scope tiles;
    for (int64_t i = 0; i < s; i += mc)
      gemm_bf16_amx(mc, s, s, a_rows{a.p + i * s, s}, b_panels{b.p, s}, gemm_zero{}, gemm_store{c.p + i * s, s});
    return 2.0 * s * s * s;
  });
}

}  // namespace

int main() {
  if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) return std::fprintf(stderr, "the system does not permit AMX\n"), 0;
  bytes<256>("u8s8 on tiles, 1024^3");
  bf16<256>("bf16 on tiles, 1024^3");
  return 0;
}
#else
int main() {
  std::fprintf(stderr, "built for an instruction set without AMX\n");
  return 0;
}
#endif

// Loops that do nothing but one instruction as fast as the processor can: the measured peaks of the runner and of the kernel benches.
// Each returns how many of the instruction (of tile products for AMX) it executed.
#pragma once

#include <cstdint>

namespace runner {

constexpr int loops = 1000;

#if defined(__x86_64__)
// Each body issues 16 independent chains of one instruction, enough to cover a latency of 4-5 cycles at 2-3 per cycle. The registers are
// named so that no compiler can spill or fuse anything; the multiplicands are zero, so nothing overflows.
#define FS_CHAIN16(op, r) \
  op(r, 0) op(r, 1) op(r, 2) op(r, 3) op(r, 4) op(r, 5) op(r, 6) op(r, 7) op(r, 8) op(r, 9) op(r, 10) op(r, 11) op(r, 12) op(r, 13)
constexpr int chains = 14;
#define FS_ZERO(r, i) "vpxor %%xmm" #i ", %%xmm" #i ", %%xmm" #i "\n"
#define FS_FMA(r, i) "vfmadd231ps %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_VNNI(r, i) "vpdpbusd %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_BF16(r, i) "vdpbf16ps %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_VEX_VNNI(r, i) "%{vex%} vpdpbusd %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_F16(r, i) "vfmadd231ph %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_CLOBBERS \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define FS_PEAK_LOOP(name, op, r)                                                                                             \
  inline double name(int) {                                                                                                   \
    int64_t n = loops;                                                                                                        \
    asm volatile(FS_CHAIN16(FS_ZERO, r) FS_ZERO(r, 14) FS_ZERO(r, 15) "1:\n" FS_CHAIN16(op, r) FS_CHAIN16(op, r) "dec %0\n" \
                 "jnz 1b\n" \
                 "vzeroupper\n" \
                 : "+r"(n) \
                 : \
                 : FS_CLOBBERS, "cc"); \
    return 2.0 * chains * loops;                                                                                              \
  }
FS_PEAK_LOOP(fma_avx512, FS_FMA, zmm)
FS_PEAK_LOOP(fma_avx2, FS_FMA, ymm)
FS_PEAK_LOOP(vnni_avx512, FS_VNNI, zmm)
FS_PEAK_LOOP(bf16_avx512, FS_BF16, zmm)
FS_PEAK_LOOP(vnni_avx, FS_VEX_VNNI, ymm)
FS_PEAK_LOOP(f16_avx512, FS_F16, zmm)

inline double dependent_adds(int) {
  int64_t n = loops, x = 0;
  asm volatile(
      "1:\n"
      "add $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\n"
      "add $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\n"
      "dec %0\njnz 1b\n"
      : "+r"(n), "+r"(x)
      :
      : "cc");
  return 16.0 * loops;
}

// Tile multiplication: 16 x 16 results, 64 bytes of depth. Four accumulators cover the latency (52 cycles at one per 16).
struct tile_config {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
#define FS_TILE_LOOP(name, instruction)                                                                                                 \
  inline double name(int) {                                                                                                             \
    const tile_config config;                                                                                                           \
    int64_t n = loops / 4;                                                                                                              \
    asm volatile(                                                                                                                       \
        "ldtilecfg %1\ntilezero %%tmm0\ntilezero %%tmm1\ntilezero %%tmm2\ntilezero %%tmm3\ntilezero %%tmm4\ntilezero %%tmm5\ntilezero " \
        "%%tmm6\n"                                                                                                                      \
        "tilezero %%tmm7\n1:\n" instruction " %%tmm5, %%tmm4, %%tmm0\n" instruction " %%tmm5, %%tmm6, %%tmm1\n" instruction             \
        " %%tmm7, %%tmm4, %%tmm2\n" instruction " %%tmm7, %%tmm6, %%tmm3\ndec %0\njnz 1b\ntilerelease\n"                                \
        : "+r"(n)                                                                                                                       \
        : "m"(config)                                                                                                                   \
        : "cc", "memory");                                                                                                              \
    return 4.0 * (loops / 4);                                                                                                           \
  }
FS_TILE_LOOP(tile_int8, "tdpbusd")
FS_TILE_LOOP(tile_bf16, "tdpbf16ps")
#endif

}  // namespace runner

// AMX tile instructions as functions, or (with -DFS_AMX_EMULATED) their meaning in plain C++, so that everything around them can be tested
// anywhere. A tile is 16 rows of 64 bytes. As assembly with a memory clobber: the intrinsics of g++ 12 let stores move past tile loads. In
// both dialects, because listings are made with -masm=intel.
#pragma once

#include <cstdint>
#include <cstring>

#include "../../simd/simd.hpp"

#if defined(__AMX_TILE__) || defined(FS_AMX_EMULATED)
#define FS_AMX 1

namespace fs {
namespace amx {

constexpr int tile_rows = 16, tile_bytes = 64;

#if defined(FS_AMX_EMULATED)
inline thread_local unsigned char tiles[8][tile_rows][tile_bytes];
inline thread_local int configurations = 0;

inline void configure() {
  configurations++;
  std::memset(tiles, 0, sizeof tiles);
}
inline void release() {}
template <int T>
inline void zero() {
  std::memset(tiles[T], 0, sizeof tiles[T]);
}
template <int T>
inline void load(const void* p, int64_t stride) {
  for (int r = 0; r < tile_rows; r++) std::memcpy(tiles[T][r], static_cast<const unsigned char*>(p) + r * stride, tile_bytes);
}
template <int T>
inline void store(void* p, int64_t stride) {
  for (int r = 0; r < tile_rows; r++) std::memcpy(static_cast<unsigned char*>(p) + r * stride, tiles[T][r], tile_bytes);
}
template <class T, int C, int A, int B>
inline void dot_bytes() {
  for (int m = 0; m < 16; m++)
    for (int n = 0; n < 16; n++) {
      int32_t sum;
      std::memcpy(&sum, &tiles[C][m][n * 4], 4);
      for (int k = 0; k < 64; k++)
        sum += static_cast<int32_t>(static_cast<T>(tiles[A][m][k])) * static_cast<int8_t>(tiles[B][k / 4][n * 4 + k % 4]);
      std::memcpy(&tiles[C][m][n * 4], &sum, 4);
    }
}
template <int C, int A, int B>
inline void dot_u8s8() {
  dot_bytes<uint8_t, C, A, B>();
}
template <int C, int A, int B>
inline void dot_s8s8() {
  dot_bytes<int8_t, C, A, B>();
}
template <int C, int A, int B>
inline void dot_bf16() {
  for (int m = 0; m < 16; m++)
    for (int n = 0; n < 16; n++) {
      float sum;
      std::memcpy(&sum, &tiles[C][m][n * 4], 4);
      for (int k = 0; k < 32; k++) {
        uint16_t a, b;
        std::memcpy(&a, &tiles[A][m][k * 2], 2);
        std::memcpy(&b, &tiles[B][k / 2][(n * 2 + k % 2) * 2], 2);
        sum += bf16_to_f32(a) * bf16_to_f32(b);
      }
      std::memcpy(&tiles[C][m][n * 4], &sum, 4);
    }
}
#else
struct configuration {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
// All eight tiles at full size. The state belongs to the thread; release it, or every context switch saves 8 KB.
inline void configure() {
  static const configuration full;
  asm volatile("ldtilecfg %0" : : "m"(full) : "memory");
}
inline void release() { asm volatile("tilerelease" : : : "memory"); }
template <int T>
FS_INLINE void zero() {
  asm volatile("tilezero {%%|}tmm%c0" : : "i"(T));
}
template <int T>
FS_INLINE void load(const void* p, int64_t stride) {
  asm volatile("tileloadd {(%0,%1,1), %%tmm%c2|tmm%c2, [%0+%1*1]}" : : "r"(p), "r"(stride), "i"(T) : "memory");
}
template <int T>
FS_INLINE void store(void* p, int64_t stride) {
  asm volatile("tilestored {%%tmm%c2, (%0,%1,1)|[%0+%1*1], tmm%c2}" : : "r"(p), "r"(stride), "i"(T) : "memory");
}
template <int C, int A, int B>
FS_INLINE void dot_u8s8() {
  asm volatile("tdpbusd {%%tmm%c2, %%tmm%c1, %%tmm%c0|tmm%c0, tmm%c1, tmm%c2}" : : "i"(C), "i"(A), "i"(B));
}
template <int C, int A, int B>
FS_INLINE void dot_s8s8() {
  asm volatile("tdpbssd {%%tmm%c2, %%tmm%c1, %%tmm%c0|tmm%c0, tmm%c1, tmm%c2}" : : "i"(C), "i"(A), "i"(B));
}
template <int C, int A, int B>
FS_INLINE void dot_bf16() {
  asm volatile("tdpbf16ps {%%tmm%c2, %%tmm%c1, %%tmm%c0|tmm%c0, tmm%c1, tmm%c2}" : : "i"(C), "i"(A), "i"(B));
}
#endif

// Keeps the configuration loaded in the calling thread while it lives; inside of another one it does nothing. Loading it takes as long as
// some tile products, so generated code has one around every nest, and not one for each call.
inline thread_local int scopes = 0;
class scope {
 public:
  FS_INLINE scope() {
    if (scopes++ == 0) configure();
  }
  FS_INLINE ~scope() {
    if (--scopes == 0) release();
  }
  scope(const scope&) = delete;
};

}  // namespace amx
}  // namespace fs
#endif

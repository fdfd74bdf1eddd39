// One full tile of each kernel, to look at its assembly; for AMX and AVX512_FP16 only of those that differ there.
#include "kernels/conv_f32/conv_f32.hpp"
#include "kernels/gemm_amx/gemm_amx.hpp"
#include "kernels/gemm_bf16/gemm_bf16.hpp"
#include "kernels/gemm_f16/gemm_f16.hpp"
#include "kernels/gemm_f32/gemm_f32.hpp"
#include "kernels/gemm_f32/gemm_f32_dot.hpp"
#include "kernels/gemm_i4/gemm_i4.hpp"
#include "kernels/gemm_i4/gemm_i4_s8.hpp"
#include "kernels/gemm_u8s8/gemm_u8s8.hpp"
#include "kernels/rows/rows.hpp"
#include "math/math.hpp"

using namespace fs;

#if defined(__AMX_TILE__)
void tiles_u8s8(const uint8_t* a, const int8_t* b, int64_t k, int32_t* c) {
  gemm_u8s8_amx(32, 32, k, a_rows{a, k}, b_panels{b, k}, igemm_zero{}, igemm_store{c, 32});
}
void tiles_s8s8(const int8_t* a, const int8_t* b, int64_t k, int32_t* c) {
  gemm_s8s8_amx(32, 32, k, a_rows{a, k}, b_panels{b, k}, igemm_zero{}, igemm_store{c, 32});
}
void tiles_bf16(const uint16_t* a, const uint16_t* b, int64_t k, float* c) {
  gemm_bf16_amx(32, 32, k, a_rows{a, k}, b_panels{b, k}, gemm_zero{}, gemm_store{c, 32});
}
#elif defined(__AVX512FP16__)
void tile_f16(const uint16_t* a, const uint16_t* b, float* c) {
  gemm_f16(fixed<gemm_f32_mr>{}, fixed<gemm_f32_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, gemm_zero{},
           gemm_store{c, gemm_f32_nr});
}
#else
void tile_f32(const float* a, const float* b, const float* bias, float* c) {
  gemm_f32(fixed<gemm_f32_mr>{}, fixed<gemm_f32_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, gemm_zero{},
           [&](int64_t row, int64_t col, f32x x, auto lanes) {
             store(c + row * gemm_f32_nr + col, relu(add(x, load(bias + col, lanes))), lanes);
           });
}
void tile_f32_dot(const float* a, const float* b, float* c) { gemm_f32_dot(4, 4, 256, a, 256, b, 256, gemm_store{c, 4}); }
void tile_u8s8(const uint8_t* a, const int8_t* b, int32_t* c) {
  gemm_u8s8(fixed<gemm_u8s8_mr>{}, fixed<gemm_u8s8_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, igemm_zero{},
            igemm_store{c, gemm_u8s8_nr});
}
// Keys of another head are brought near, and the last of their columns are not there: what a tile does before must not cost it registers.
void tile_ahead(const uint8_t* a, const int8_t* b, const uint8_t* keys, int32_t* c) {
  gemm_u8s8(fixed<gemm_u8s8_mr>{}, fixed<4 * gemm_u8s8_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, igemm_zero{},
            and_ahead<ahead::reads>(keys, fixed<-1>{}, fixed<96>{}, fixed<96>{}, igemm_store{c, 4 * gemm_u8s8_nr}));
}
void tile_s8s8(const int8_t* a, const int8_t* b, int32_t* c) {
  gemm_s8s8(fixed<gemm_u8s8_mr>{}, fixed<gemm_u8s8_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, igemm_zero{},
            igemm_store{c, gemm_u8s8_nr});
}
void tile_bf16(const uint16_t* a, const uint16_t* b, float* c) {
  gemm_bf16(fixed<gemm_bf16_mr>{}, fixed<gemm_bf16_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, gemm_zero{},
            gemm_store{c, gemm_bf16_nr});
}
void tile_f16(const uint16_t* a, const uint16_t* b, float* c) {
  gemm_f16(fixed<gemm_f32_mr>{}, fixed<gemm_f32_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, gemm_zero{},
           gemm_store{c, gemm_f32_nr});
}
void tile_i4(const float* a, const b_i4& b, float* c) {
  gemm_f32_i4(i4_direct_rows, gemm_f32_nr, 256, a_rows{a, fixed<256>{}}, b, gemm_store{c, gemm_f32_nr});
}
void tile_i8_i4(const a_i8_blocks& a, const b_i4& b, float* c) { gemm_i8_i4(i8_i4_rows, gemm_f32_nr, a, b, gemm_store{c, gemm_f32_nr}); }
void tile_conv(float* y, const float* x, const float* w, float* scratch, const conv_block& block, const conv_geometry& g) {
  conv_f32<gemm_f32_mr, 0, 0>(y, x, w, nullptr, scratch, block, 256, g);
}
void rows_softmax(float* y, const float* x, int64_t n) { softmax_rows(y, n, x, n, 1, n); }
void rows_norm(float* y, const float* x, const float* gamma, const float* beta, int64_t n) {
  layer_norm_rows(y, n, x, n, gamma, beta, 1e-5f, 1, n);
}
#define FS_MAP(name, function)                                                      \
  void map_##name(float* y, const float* x, int64_t n) {                            \
    for (int64_t i = 0; i < n; i += f32_lanes) store(y + i, function(load(x + i))); \
  }
FS_MAP(exp, exp)
FS_MAP(log, log)
FS_MAP(tanh, tanh)
FS_MAP(erf, erf)
FS_MAP(gelu_erf, gelu_erf)
FS_MAP(gelu_tanh, gelu_tanh)
FS_MAP(silu, silu)
FS_MAP(sigmoid, sigmoid)
FS_MAP(rsqrt, rsqrt)
#endif

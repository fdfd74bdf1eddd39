// One full tile of each block GEMM, to look at its assembly.
#include "kernels/gemm_bf16/gemm_bf16.hpp"
#include "kernels/gemm_f32/gemm_f32.hpp"
#include "kernels/gemm_u8s8/gemm_u8s8.hpp"

using namespace fs;

void tile_f32(const float* a, const float* b, const float* bias, float* c) {
  gemm_f32(fixed<gemm_f32_mr>{}, fixed<gemm_f32_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, gemm_zero{},
           [&](int64_t row, int64_t col, f32x x, auto lanes) {
             store(c + row * gemm_f32_nr + col, relu(add(x, load(bias + col, lanes))), lanes);
           });
}
void tile_u8s8(const uint8_t* a, const int8_t* b, int32_t* c) {
  gemm_u8s8(fixed<gemm_u8s8_mr>{}, fixed<gemm_u8s8_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, igemm_zero{},
            igemm_store{c, gemm_u8s8_nr});
}
void tile_bf16(const uint16_t* a, const uint16_t* b, float* c) {
  gemm_bf16(fixed<gemm_bf16_mr>{}, fixed<gemm_bf16_nr>{}, fixed<256>{}, a_rows{a, fixed<256>{}}, b_panels{b, 256}, gemm_zero{},
            gemm_store{c, gemm_bf16_nr});
}

// Bench of conv_last_f32 and conv_last_u8s8: layers of ResNet-50 and MobileNet. `fraction` is of the FMA or VNNI peak measured beside it.
#include "conv_last.hpp"

#include "../testing/bench.hpp"

using namespace fs;

namespace {

template <class S, bool Copy, int TR, int TW>
void layer(const char* name, int64_t out_rows, int64_t n, int64_t block) {
  constexpr int64_t k = S::kh * S::kw * S::channels;
  const int64_t depth = conv_last_steps<S, Copy, 4>::depth * 4;
  bench::array<float> x(S::rows * S::columns * S::channels), w(round_up(n, gemm_f32_nr) * k), y(out_rows * S::out_columns * n);
  bench::array<float> scratch(conv_last_scratch<S>(block));
  const double operations = 2.0 * static_cast<double>(k * n * out_rows * S::out_columns);
  char text[80];
  std::snprintf(text, sizeof text, "%s, f32", name);
  bench::report(text, bench::fma_peak, [&] {
    for (int64_t row = 0; row < out_rows; row += block)
      conv_last_f32<S, Copy, TR, TW>(row, out_rows - row < block ? out_rows - row : block, n, x.p, w.p, scratch.p, gemm_zero{},
                                     gemm_store{y.p + row * S::out_columns * n, n});
    return operations;
  });
  bench::array<uint8_t> bytes(S::rows * S::columns * S::channels + 64), part(conv_last_scratch<S>(block));
  bench::array<int8_t> weights(round_up(n, gemm_u8s8_nr) * depth);
  bench::array<int32_t> sums(out_rows * S::out_columns * n);
  std::snprintf(text, sizeof text, "%s, u8 x s8", name);
  bench::report(text, bench::int8_peak, [&] {
    for (int64_t row = 0; row < out_rows; row += block)
      conv_last_u8s8<S, true, TR, TW>(row, out_rows - row < block ? out_rows - row : block, n, bytes.p, weights.p, part.p, 3, igemm_zero{},
                                      igemm_store{sums.p + row * S::out_columns * n, n});
    return operations;
  });
}

}  // namespace

int main() {
  layer<window_last<224, 224, 3, 7, 7, 2, 2, 1, 1, 3, 3, 112>, true, 1, 14>("7x7 by 2, 3 to 64, 224^2", 112, 64, 16);
  layer<window_last<56, 56, 64, 3, 3, 1, 1, 1, 1, 1, 1, 56>, true, 1, 14>("3x3, 64 to 64, 56^2", 56, 64, 14);
  layer<window_last<14, 14, 256, 3, 3, 1, 1, 1, 1, 1, 1, 14>, true, 1, 14>("3x3, 256 to 256, 14^2", 14, 256, 14);
  layer<window_last<7, 7, 512, 3, 3, 1, 1, 1, 1, 1, 1, 7>, true, 2, 7>("3x3, 512 to 512, 7^2", 7, 512, 7);
  layer<window_last<56, 56, 256, 1, 1, 2, 2, 1, 1, 0, 0, 28>, false, 1, 14>("1x1 by 2, 256 to 512, 56^2", 28, 512, 28);
  return 0;
}

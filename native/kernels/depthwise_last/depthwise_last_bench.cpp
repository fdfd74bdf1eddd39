// Bench of depthwise_last_f32 and depthwise_last_u8s8: layers of MobileNet and EfficientNet. `fraction` is of the FMA (VNNI) peak measured
// beside it, though nine products for an element that is read, interleaved and written cannot reach it.
#include "depthwise_last.hpp"

#include "../testing/bench.hpp"

using namespace fs;

namespace {

template <class S>
void layer(const char* name, int64_t out_rows) {
  constexpr int64_t C = S::channels;
  const double operations = 2.0 * static_cast<double>(C * out_rows * S::out_columns * S::kh * S::kw);
  bench::array<float> x(S::rows * S::columns * C), w(S::kh * S::kw * C), y(out_rows * S::out_columns * C), fills(C);
  char text[80];
  std::snprintf(text, sizeof text, "%s, f32", name);
  bench::report(text, bench::fma_peak, [&] {
    depthwise_last_f32<S>(0, out_rows, x.p, w.p, fills.p, gemm_zero{}, gemm_store{y.p, C});
    return operations;
  });
  bench::array<uint8_t> bytes(S::rows * S::columns * C + 64), part(C), out(out_rows * S::out_columns * C);
  bench::array<int8_t> weights(S::kh * (S::kw + 3) / 4 * 4 * C);
  std::snprintf(text, sizeof text, "%s, u8 x s8", name);
  bench::report(text, bench::int8_peak, [&] {
    depthwise_last_u8s8<S>(0, out_rows, bytes.p, weights.p, part.p, 3, igemm_zero{},
                           [&](int64_t i, int64_t j, i32x acc, auto lanes) { store_u8(out.p + i * C + j, acc, lanes); });
    return operations;
  });
}

}  // namespace

int main() {
  layer<window_last<112, 112, 32, 3, 3, 1, 1, 1, 1, 1, 1, 112>>("depthwise 3x3, 32 of 112^2", 112);
  layer<window_last<112, 112, 96, 3, 3, 2, 2, 1, 1, 1, 1, 56>>("depthwise 3x3 by 2, 96 of 112^2", 56);
  layer<window_last<28, 28, 192, 3, 3, 1, 1, 1, 1, 1, 1, 28>>("depthwise 3x3, 192 of 28^2", 28);
  layer<window_last<14, 14, 384, 3, 3, 1, 1, 1, 1, 1, 1, 14>>("depthwise 3x3, 384 of 14^2", 14);
  layer<window_last<7, 7, 960, 3, 3, 1, 1, 1, 1, 1, 1, 7>>("depthwise 3x3, 960 of 7^2", 7);
  layer<window_last<28, 28, 128, 5, 5, 1, 1, 1, 1, 2, 2, 28>>("depthwise 5x5, 128 of 28^2", 28);
  return 0;
}

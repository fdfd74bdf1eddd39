// Bench of conv_f32: a layer of ResNet-50 of each kind. `fraction` is of the FMA peak measured beside it.
#include "../testing/bench.hpp"
#include "conv_f32.hpp"

using namespace fs;

namespace {

void layer(const char* name, int64_t channels, int64_t side, int64_t kernel, int64_t stride, int64_t out) {
  const int64_t pad = kernel / 2, side_out = (side + 2 * pad - kernel) / stride + 1, k = channels * kernel * kernel;
  const conv_axis flat{1, 1, 1, 1, 0, 1}, axis{side, kernel, stride, 1, pad, side_out};
  const conv_geometry g{flat, axis, axis};
  constexpr int R = gemm_f32_mr;
  const int64_t rows = out / R * R, columns = side_out * side_out;
  constexpr int64_t width = gemm_f32_nr * 8;
  bench::array<float> x(channels * side * side), w(rows * k), y(rows * columns), scratch(conv_f32_scratch(width, k));
  bench::report(name, bench::fma_peak, [&] {
    for (int64_t c = 0; c < columns; c += width) {
      const conv_block block{0, rows, c, std::min(width, columns - c)};
      if (columns % gemm_f32_nr > f32_lanes)
        conv_f32<R, 0, 2>(y.p, x.p, w.p, nullptr, scratch.p, block, k, g);
      else if (columns % gemm_f32_nr > 0)
        conv_f32<R, 0, 1>(y.p, x.p, w.p, nullptr, scratch.p, block, k, g);
      else
        conv_f32<R, 0, 0>(y.p, x.p, w.p, nullptr, scratch.p, block, k, g);
    }
    return 2.0 * static_cast<double>(rows * columns * k);
  });
}

}  // namespace

int main() {
  layer("conv 1x1, 64 to 256, 56^2", 64, 56, 1, 1, 256);
  layer("conv 3x3, 64 to 64, 56^2", 64, 56, 3, 1, 64);
  layer("conv 3x3 by 2, 128 to 128, 56^2", 128, 56, 3, 2, 128);
  layer("conv 3x3, 512 to 512, 7^2", 512, 7, 3, 1, 512);
  return 0;
}

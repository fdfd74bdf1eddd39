// Bench of winograd_last_f32: layers of ResNet-50. Operations are those of the direct sum, so that `fraction` may be above 1.
#include "winograd_last.hpp"

#include "../testing/bench.hpp"

using namespace fs;

namespace {

template <class S, int TY>
void layer(const char* name, int64_t out_rows, int64_t n) {
  constexpr int64_t C = S::channels;
  bench::array<float> x(S::rows * S::columns * C), u(round_up(n, gemm_f32_nr) * 16 * C), y(out_rows * S::out_columns * n);
  bench::array<float> scratch(winograd_last_scratch<S, TY>());
  bench::report(name, bench::fma_peak, [&] {
    for (int64_t row = 0; row < out_rows; row += 2 * TY)
      winograd_last_f32<S, TY>(row, out_rows - row < 2 * TY ? out_rows - row : 2 * TY, n, x.p, u.p, scratch.p, gemm_zero{},
                               gemm_store{y.p + row * S::out_columns * n, n});
    return 2.0 * static_cast<double>(9 * C * n * out_rows * S::out_columns);
  });
}

}  // namespace

int main() {
  layer<window_last<56, 56, 64, 3, 3, 1, 1, 1, 1, 1, 1, 56>, 2>("64 to 64, 56^2", 56, 64);
  layer<window_last<28, 28, 128, 3, 3, 1, 1, 1, 1, 1, 1, 28>, 4>("128 to 128, 28^2, blocks of 4", 28, 128);
  layer<window_last<28, 28, 128, 3, 3, 1, 1, 1, 1, 1, 1, 28>, 7>("128 to 128, 28^2, blocks of 7", 28, 128);
  layer<window_last<14, 14, 256, 3, 3, 1, 1, 1, 1, 1, 1, 14>, 4>("256 to 256, 14^2, blocks of 4", 14, 256);
  layer<window_last<14, 14, 256, 3, 3, 1, 1, 1, 1, 1, 1, 14>, 7>("256 to 256, 14^2, blocks of 7", 14, 256);
  layer<window_last<7, 7, 512, 3, 3, 1, 1, 1, 1, 1, 1, 7>, 4>("512 to 512, 7^2", 7, 512);
  return 0;
}

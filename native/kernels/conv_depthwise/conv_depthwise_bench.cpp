// Bench of conv_depthwise: layers of MobileNet and EfficientNet. `fraction` is of the FMA peak measured beside it; GB/s would say nothing,
// because planes come from the nearest cache.
#include "../testing/bench.hpp"
#include "conv_depthwise.hpp"

using namespace fs;

namespace {

template <int K, int S>
void layer(const char* name, int64_t side, int64_t channels) {
  const int64_t out = (side + 2 * (K / 2) - K) / S + 1;
  bench::array<float> x(channels * side * side), w(channels * K * K), y(channels * out * out);
  bench::report(name, bench::fma_peak, [&] {
    for (int64_t c = 0; c < channels; c++) {
      float* const to = y.p + c * out * out;
      conv_depthwise<K, K, S>(x.p + c * side * side, w.p + c * K * K, nullptr, {side, side, K / 2, K / 2, out, out},
                              [&](int64_t i, int64_t j, f32x acc, auto lanes) { store(to + i * out + j, acc, lanes); });
    }
    return 2.0 * static_cast<double>(channels * out * out * K * K);
  });
}

}  // namespace

int main() {
  layer<3, 1>("depthwise 3x3, 112^2", 112, 8);
  layer<3, 2>("depthwise 3x3 by 2, 112^2", 112, 8);
  layer<3, 1>("depthwise 3x3, 14^2", 14, 96);
  layer<5, 1>("depthwise 5x5, 28^2", 28, 32);
  return 0;
}

// Bench of the row kernels and of the functions they are built of, on rows in L1: elements per nanosecond as "gops", and the bytes read and
// written by it as "gbs".
#include "../../math/math.hpp"
#include "../testing/bench.hpp"
#include "rows.hpp"
#include "weights.hpp"

using namespace fs;

namespace {

constexpr int64_t rows = 4, n = 768;

template <class F>
void measure(const char* name, const F& f) {
  bench::array<float> x(rows * n), y(rows * n);
  const double rate = bench::best_rate(0.2, [&] {
    f(y.p, x.p);
    return static_cast<double>(rows * n);
  });
  std::printf("{\"name\":\"%s\",\"simd\":\"%s\",\"gops\":%.2f,\"gbs\":%.1f}\n", name, simd_name, rate, 8 * rate);
}
template <class F>
void map(const char* name, F f) {
  measure(name, [&](float* y, const float* x) {
    for (int64_t i = 0; i < rows * n; i += f32_lanes) store(y + i, f(load(x + i)));
  });
}

}  // namespace

int main() {
  bench::array<float> gamma(n), beta(n);
  measure("softmax rows of 768", [](float* y, const float* x) { softmax_rows(y, n, x, n, rows, n); });
  measure("softmax weights of rows of 768", [](float* y, const float* x) {
    float factor[rows];
    softmax_weights_rows(y, fixed<n>{}, x, fixed<n>{}, factor, fixed<rows>{}, fixed<n>{});
  });
  measure("log-softmax rows of 768", [](float* y, const float* x) { log_softmax_rows(y, n, x, n, rows, n); });
  measure("layer-norm rows of 768", [&](float* y, const float* x) { layer_norm_rows(y, n, x, n, gamma.p, beta.p, 1e-5f, rows, n); });
  measure("rms-norm rows of 768", [&](float* y, const float* x) { rms_norm_rows(y, n, x, n, gamma.p, 1e-5f, rows, n); });
  map("exp", [](f32x x) { return exp(x); });
  map("log", [](f32x x) { return log(x); });
  map("tanh", [](f32x x) { return tanh(x); });
  map("erf", [](f32x x) { return erf(x); });
  map("gelu (erf)", [](f32x x) { return gelu_erf(x); });
  map("gelu (tanh)", [](f32x x) { return gelu_tanh(x); });
  map("sigmoid", [](f32x x) { return sigmoid(x); });
  map("silu", [](f32x x) { return silu(x); });
  map("rsqrt", [](f32x x) { return rsqrt(x); });
  return 0;
}

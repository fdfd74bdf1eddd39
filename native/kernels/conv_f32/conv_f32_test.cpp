// Sweep test of conv_f32 against its scalar reference: strides, dilations, padding, tails of rows and columns, several steps over k, with
// buffers that end (or begin) at guard pages.
#include <vector>

#include "../gemm_f32/pack.hpp"
#include "../testing/check.hpp"
#include "conv_f32_ref.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;

conv_axis axis(int64_t input, int64_t kernel, int64_t stride, int64_t dilation, int64_t begin, int64_t end) {
  const int64_t output = (input + begin + end - (kernel - 1) * dilation - 1) / stride + 1;
  return {input, kernel, stride, dilation, begin, output};
}

// Tiles of R rows, the rest in one; columns in blocks of two panels.
template <int R, int REST>
void one(int64_t rows, int64_t channels, const conv_geometry& g, bool with_bias, check::edge edge) {
  const int64_t taps = g.z.kernel * g.y.kernel * g.x.kernel, k = channels * taps, columns = g.columns();
  const int64_t plane = g.z.input * g.y.input * g.x.input, width = 2 * gemm_f32_nr;
  guarded<float> x(channels * plane, edge), w(rows * k), bias(rows), y(rows * columns, edge);
  guarded<float> packed(panels(rows, R) * R * k), scratch(conv_f32_scratch(width, k));
  check::fill(x.p, channels * plane, values);
  check::fill(w.p, rows * k, values);
  check::fill(bias.p, rows, values);
  pack_a<R>(packed.p, w.p, k, rows, k, 0, panels(rows, R));
  std::vector<float> expected(static_cast<size_t>(rows * columns));
  const float* b = with_bias ? bias.p : nullptr;
  conv_f32_ref(expected.data(), x.p, w.p, b, {0, rows, 0, columns}, k, g);
  for (int64_t col = 0; col < columns; col += width) {
    const conv_block block{0, rows, col, columns - col < width ? columns - col : width};
    const int64_t tail = (columns % gemm_f32_nr + f32_lanes - 1) / f32_lanes;
    if (tail == 0) conv_f32<R, REST, 0>(y.p, x.p, packed.p, b, scratch.p, block, k, g);
    if (tail == 1) conv_f32<R, REST, 1>(y.p, x.p, packed.p, b, scratch.p, block, k, g);
    if (tail == 2) conv_f32<R, REST, 2>(y.p, x.p, packed.p, b, scratch.p, block, k, g);
    if (tail == 3) conv_f32<R, REST, 3>(y.p, x.p, packed.p, b, scratch.p, block, k, g);
    if (tail == 4) conv_f32<R, REST, 4>(y.p, x.p, packed.p, b, scratch.p, block, k, g);
  }
  double worst = 0;
  for (int64_t i = 0; i < rows * columns; i++) {
    const double off = std::fabs(y.p[i] - expected[static_cast<size_t>(i)]);
    worst = off <= worst ? worst : off;
  }
  check::that(worst <= 1.2e-7 * (static_cast<double>(k) + 2), "%lld rows, %lld channels, %lldx%lld kernel %lldx%lld: off by %g",
              static_cast<long long>(rows), static_cast<long long>(channels), static_cast<long long>(g.y.input),
              static_cast<long long>(g.x.input), static_cast<long long>(g.y.kernel), static_cast<long long>(g.x.kernel), worst);
}

void shapes(const conv_geometry& g) {
  for (const check::edge edge : {check::edge::after, check::edge::before}) {
    one<4, 3>(7, 3, g, true, edge);
    one<4, 0>(8, 1, g, false, edge);
  }
}

}  // namespace

int main() {
  const conv_axis flat = axis(1, 1, 1, 1, 0, 0);
  for (const int64_t width : {1, 5, 7, 16, 17, 33, 70})
    for (const int64_t kernel : {1, 2, 3})
      for (const int64_t stride : {1, 2, 3})
        for (const int64_t dilation : {1, 2})
          for (const int64_t pad : {0, 1, 4}) {
            if ((kernel - 1) * dilation + 1 > width + pad) continue;
            shapes({flat, axis(6, 2, stride, 1, pad > 0, 0), axis(width, kernel, stride, dilation, pad, 0)});
            shapes({axis(3, 2, 1, 1, 1, 1), axis(3, 1, 1, 1, 0, 0), axis(width, kernel, stride, dilation, 0, pad)});
          }
  one<4, 3>(7, 131, {flat, axis(9, 3, 1, 1, 1, 1), axis(11, 3, 1, 1, 1, 1)}, true, check::edge::after);
  one<4, 1>(5, 700, {flat, flat, axis(40, 1, 1, 1, 0, 0)}, true, check::edge::after);
  return check::finish();
}

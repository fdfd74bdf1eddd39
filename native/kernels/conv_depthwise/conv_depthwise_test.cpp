// Sweep test of conv_depthwise against the scalar reference: kernels, strides, paddings, planes smaller than a vector and than the kernel,
// buffers that end (and begin) at guard pages.
#include "conv_depthwise.hpp"

#include <initializer_list>
#include <vector>

#include "../testing/check.hpp"
#include "conv_depthwise_ref.hpp"

using namespace fs;
using check::edge;
using check::guarded;

namespace {

check::random values;

template <int KH, int KW, int S>
void one(int64_t rows, int64_t columns, int64_t top, int64_t left, edge where) {
  const int64_t out_rows = (rows + 2 * top - KH) / S + 1, out_columns = (columns + 2 * left - KW) / S + 1;
  if (rows + 2 * top < KH || columns + 2 * left < KW) return;
  guarded<float> x(rows * columns, where), w(KH * KW, where), y(out_rows * out_columns, where);
  check::fill(x.p, rows * columns, values);
  check::fill(w.p, KH * KW, values);
  const float bias = values.uniform();
  std::vector<int> seen(static_cast<size_t>(out_rows * out_columns));
  conv_depthwise<KH, KW, S>(x.p, w.p, &bias, {rows, columns, top, left, out_rows, out_columns},
                            [&](int64_t i, int64_t j, f32x acc, auto lanes) {
                              store(y.p + i * out_columns + j, acc, lanes);
                              for (int l = 0; l < lane_count(lanes); l++) seen[static_cast<size_t>(i * out_columns + j + l)]++;
                            });
  double worst = 0;
  for (int64_t i = 0; i < out_rows; i++)
    for (int64_t j = 0; j < out_columns; j++) {
      const double want = bias + conv_depthwise_ref(x.p, w.p, KH, KW, S, rows, columns, top, left, i, j);
      worst = std::fmax(worst, std::fabs(y.p[i * out_columns + j] - want) + (seen[static_cast<size_t>(i * out_columns + j)] == 1 ? 0 : 1));
    }
  check::that(worst <= 1.2e-7 * KH * KW, "%dx%d by %d of %lldx%lld, padding %lld %lld: off by %g", KH, KW, S, static_cast<long long>(rows),
              static_cast<long long>(columns), static_cast<long long>(top), static_cast<long long>(left), worst);
}

template <int KH, int KW>
void sweep() {
  for (const int64_t columns : {1, 2, 3, 7, 8, 14, 15, 16, 17, 31, 33, 56, 112})
    for (const int64_t rows : {1, 3, 6, 9})
      for (const int64_t pad : {0, 1, 2, 3}) {
        one<KH, KW, 1>(rows, columns, pad, pad, edge::after);
        one<KH, KW, 2>(rows, columns, pad, pad, edge::after);
        one<KH, KW, 1>(rows, columns, KH / 2, pad, edge::before);
        one<KH, KW, 2>(rows, columns, KH / 2, pad, edge::before);
      }
}

}  // namespace

int main() {
  sweep<3, 3>();
  sweep<5, 5>();
  sweep<1, 4>();
  return check::finish();
}

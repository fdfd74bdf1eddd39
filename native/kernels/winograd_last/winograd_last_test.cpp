// Sweep test of winograd_last_f32 against the direct sum in double: padding, odd extents, channels around whole vectors, panels that are not
// full, blocks that are not whole, buffers that end (or begin) at guard pages.
#include "winograd_last.hpp"

#include <vector>

#include "../conv_last/conv_last_ref.hpp"
#include "../gemm_f32/pack.hpp"
#include "../testing/check.hpp"

using namespace fs;
using check::edge;
using check::guarded;

namespace {

check::random values;

// G w G' of each pair of channels, as a matrix [16 x channels, n].
std::vector<float> transformed(const float* w, int64_t channels, int64_t n) {
  const double g[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  std::vector<float> u(static_cast<size_t>(16 * channels * n));
  for (int64_t p = 0; p < channels * n; p++)
    for (int i = 0; i < 4; i++)
      for (int j = 0; j < 4; j++) {
        double sum = 0;
        for (int y = 0; y < 3; y++)
          for (int x = 0; x < 3; x++) sum += g[i][y] * g[j][x] * static_cast<double>(w[(y * 3 + x) * channels * n + p]);
        u[static_cast<size_t>((i * 4 + j) * channels * n + p)] = static_cast<float>(sum);
      }
  return u;
}

template <class S, int TY>
void one(int64_t out_rows, int64_t n, edge where) {
  constexpr int64_t C = S::channels;
  const int64_t positions = out_rows * S::out_columns;
  guarded<float> x(S::rows * S::columns * C, where), w(9 * C * n), bias(n), y(positions * n, where);
  guarded<float> packed(round_up(n, gemm_f32_nr) * 16 * C, where), scratch(winograd_last_scratch<S, TY>(), where);
  check::fill(x.p, S::rows * S::columns * C, values);
  check::fill(w.p, 9 * C * n, values);
  check::fill(bias.p, n, values);
  const std::vector<float> u = transformed(w.p, C, n);
  pack_b(packed.p, u.data(), n, 16 * C, n, 0, round_up(n, gemm_f32_nr) / gemm_f32_nr);
  std::vector<int> seen(static_cast<size_t>(positions * n));
  for (int64_t row = 0; row < out_rows; row += 2 * TY)
    winograd_last_f32<S, TY>(row, out_rows - row < 2 * TY ? out_rows - row : 2 * TY, n, x.p, packed.p, scratch.p, gemm_columns{bias.p},
                             [&](int64_t i, int64_t j, f32x acc, auto lanes) {
                               const int64_t at = (row * S::out_columns + i) * n + j;
                               store(y.p + at, acc, lanes);
                               for (int l = 0; l < lane_count(lanes); l++) seen[static_cast<size_t>(at + l)]++;
                             });
  double worst = 0;
  for (int64_t i = 0; i < positions; i++)
    for (int64_t j = 0; j < n; j++) {
      const double want = bias.p[j] + conv_last_ref<S, double>(x.p, w.p, n, i / S::out_columns, i % S::out_columns, j, 0.0f, 0.0);
      const double off = std::fabs(y.p[i * n + j] - want) + (seen[static_cast<size_t>(i * n + j)] == 1 ? 0 : 1);
      worst = off <= worst ? worst : off;
    }
  check::that(worst <= 1.2e-7 * (9 * static_cast<double>(C) + 2), "%lldx%lldx%lld to %lld, blocks of %d: off by %g",
              static_cast<long long>(S::rows), static_cast<long long>(S::columns), static_cast<long long>(C), static_cast<long long>(n), TY,
              worst);
}

template <class S, int TY>
void shapes(int64_t out_rows) {
  for (const int64_t n : {1, 16, 17, 40, 64}) {
    one<S, TY>(out_rows, n, edge::after);
    one<S, TY>(out_rows, n, edge::before);
  }
}

}  // namespace

int main() {
  shapes<window_last<7, 9, 17, 3, 3, 1, 1, 1, 1, 1, 1, 9>, 2>(7);
  shapes<window_last<8, 30, 16, 3, 3, 1, 1, 1, 1, 1, 1, 30>, 3>(8);
  shapes<window_last<5, 4, 33, 3, 3, 1, 1, 1, 1, 0, 0, 2>, 1>(3);
  shapes<window_last<1, 1, 5, 3, 3, 1, 1, 1, 1, 2, 2, 3>, 2>(3);
  return check::finish();
}

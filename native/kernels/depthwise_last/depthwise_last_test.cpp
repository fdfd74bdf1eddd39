// Sweep test of depthwise_last_f32, depthwise_last_u8s8 and depthwise_last_s8s8 against their scalar meaning: kernels, strides, dilations,
// paddings, channels around whole vectors, images smaller than a tile, buffers that end (and begin) at guard pages.
#include "depthwise_last.hpp"

#include <vector>

#include "../conv_last/conv_last_ref.hpp"
#include "../testing/check.hpp"

using namespace fs;
using check::edge;
using check::guarded;

namespace {

check::random values;

template <class S>
void complain(const char* name, double off) {
  check::that(off <= 1.2e-7 * static_cast<double>(S::kh * S::kw), "%s %lldx%lldx%lld, kernel %lldx%lld by %lld: off by %g", name,
              static_cast<long long>(S::rows), static_cast<long long>(S::columns), static_cast<long long>(S::channels),
              static_cast<long long>(S::kh), static_cast<long long>(S::kw), static_cast<long long>(S::sy), off);
}

template <class S>
void one_f32(int64_t out_rows, edge where) {
  constexpr int64_t C = S::channels;
  guarded<float> x(S::rows * S::columns * C, where), w(S::kh * S::kw * C, where), y(out_rows * S::out_columns * C, where), fills(C, where);
  check::fill(x.p, S::rows * S::columns * C, values);
  check::fill(w.p, S::kh * S::kw * C, values);
  std::vector<int> seen(static_cast<size_t>(out_rows * S::out_columns * C));
  const int64_t first = (out_rows + 2) / 3;
  for (int64_t row = 0; row < out_rows; row += first)
    depthwise_last_f32<S>(row, out_rows - row < first ? out_rows - row : first, x.p, w.p, fills.p, gemm_zero{},
                          [&](int64_t i, int64_t j, f32x acc, auto lanes) {
                            const int64_t at = (row * S::out_columns + i) * C + j;
                            store(y.p + at, acc, lanes);
                            for (int l = 0; l < lane_count(lanes); l++) seen[static_cast<size_t>(at + l)]++;
                          });
  double worst = 0;
  for (int64_t i = 0; i < out_rows * S::out_columns; i++)
    for (int64_t c = 0; c < C; c++) {
      const double want = depthwise_last_ref<S, double>(x.p, w.p, i / S::out_columns, i % S::out_columns, c, 0.0f, 0.0);
      const double off = std::fabs(y.p[i * C + c] - want) + (seen[static_cast<size_t>(i * C + c)] == 1 ? 0 : 1);
      worst = off <= worst ? worst : off;
    }
  complain<S>("f32", worst);
}

template <class T, class S>
void one_i8(int64_t out_rows, edge where) {
  constexpr bool is_signed = std::is_signed_v<T>;
  constexpr int64_t C = S::channels, groups = (S::kw + 3) / 4;
  guarded<T> x(S::rows * S::columns * C, where), fills(C, where);
  guarded<int8_t> w(S::kh * S::kw * C), four(S::kh * groups * C * 4, where);
  guarded<int32_t> y(out_rows * S::out_columns * C, where), start(C);
  check::fill(x.p, S::rows * S::columns * C, values);
  check::fill(w.p, S::kh * S::kw * C, values);
  w.p[0] = -128;
  const T fill = static_cast<T>(is_signed ? -7 : 131);
  for (int64_t c = 0; c < C; c++) start.p[c] = 3 - static_cast<int32_t>(c);
  for (int64_t ky = 0; ky < S::kh; ky++)
    for (int64_t t = 0; t < groups * 4; t++)
      for (int64_t c = 0; c < C; c++)
        four.p[((ky * groups + t / 4) * C + c) * 4 + t % 4] = t < S::kw ? w.p[(ky * S::kw + t) * C + c] : int8_t{0};
  const auto put = [&](int64_t i, int64_t j, i32x acc, auto lanes) { store(y.p + i * C + j, acc, lanes); };
  if constexpr (is_signed)
    depthwise_last_s8s8<S>(0, out_rows, x.p, four.p, fills.p, fill, igemm_columns{start.p}, put);
  else
    depthwise_last_u8s8<S>(0, out_rows, x.p, four.p, fills.p, fill, igemm_columns{start.p}, put);
  int64_t wrong = 0;
  for (int64_t i = 0; i < out_rows * S::out_columns; i++)
    for (int64_t c = 0; c < C; c++)
      wrong += y.p[i * C + c] != start.p[c] + depthwise_last_ref<S, int64_t>(x.p, w.p, i / S::out_columns, i % S::out_columns, c, fill,
                                                                             int64_t{is_signed ? 128 : 0});
  complain<S>(is_signed ? "s8s8" : "u8s8", static_cast<double>(wrong));
}

template <class S>
void shapes(int64_t out_rows) {
  for (const edge where : {edge::after, edge::before}) {
    one_f32<S>(out_rows, where);
    one_i8<uint8_t, S>(out_rows, where);
    one_i8<int8_t, S>(out_rows, where);
  }
}

}  // namespace

int main() {
  shapes<window_last<9, 11, 96, 3, 3, 1, 1, 1, 1, 1, 1, 11>>(9);
  shapes<window_last<7, 7, 17, 3, 3, 1, 1, 1, 1, 1, 1, 7>>(7);
  shapes<window_last<8, 9, 80, 3, 3, 2, 2, 1, 1, 1, 1, 5>>(4);
  shapes<window_last<6, 6, 64, 5, 5, 1, 1, 1, 1, 2, 2, 6>>(6);
  shapes<window_last<9, 13, 3, 3, 2, 1, 2, 2, 3, 2, 0, 5>>(7);
  shapes<window_last<1, 9, 33, 1, 4, 1, 1, 1, 1, 0, 3, 9>>(1);
  shapes<window_last<2, 2, 16, 3, 3, 1, 1, 1, 1, 2, 2, 4>>(4);
  return check::finish();
}

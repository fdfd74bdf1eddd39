// Sweep test of conv_last_f32, conv_last_u8s8 and conv_last_s8s8 against their scalar meaning: strides, dilations, padding, tiles of one and
// several rows, with and without the copy, panels that are not full, buffers that end (or begin) at guard pages.
#include "conv_last.hpp"

#include <vector>

#include "../gemm_f32/pack.hpp"
#include "../testing/check.hpp"
#include "conv_last_ref.hpp"

using namespace fs;
using check::edge;
using check::guarded;

namespace {

check::random values;

// [segment][length] rows of a weight [taps x channels, n], each segment padded to whole groups with zeros.
template <class S, class T, int Group>
std::vector<T> padded_rows(const T* w, int64_t n) {
  using steps = conv_last_steps<S, true, Group>;
  std::vector<T> rows(static_cast<size_t>(steps::depth * Group * n));
  for (int64_t s = 0; s < S::kh * steps::parts; s++)
    for (int64_t p = 0; p < steps::length * n; p++)
      rows[static_cast<size_t>(s * steps::groups * Group * n + p)] = w[s * steps::length * n + p];
  return rows;
}

template <class S, bool Copy, int TR, int TW>
void one_f32(int64_t out_rows, int64_t n, edge where) {
  const int64_t k = S::kh * S::kw * S::channels, positions = out_rows * S::out_columns;
  guarded<float> x(S::rows * S::columns * S::channels, where), w(k * n), bias(n), y(positions * n, where);
  guarded<float> packed(round_up(n, gemm_f32_nr) * k, where), scratch(conv_last_scratch<S>(2));
  check::fill(x.p, S::rows * S::columns * S::channels, values);
  check::fill(w.p, k * n, values);
  check::fill(bias.p, n, values);
  pack_b(packed.p, w.p, n, k, n, 0, round_up(n, gemm_f32_nr) / gemm_f32_nr);
  std::vector<int> seen(static_cast<size_t>(positions * n));
  for (int64_t row = 0; row < out_rows; row += 2) {
    const int64_t rows = out_rows - row < 2 ? out_rows - row : 2;
    conv_last_f32<S, Copy, TR, TW>(row, rows, n, x.p, packed.p, scratch.p, gemm_columns{bias.p},
                                   [&](int64_t i, int64_t j, f32x acc, auto lanes) {
                                     const int64_t at = (row * S::out_columns + i) * n + j;
                                     store(y.p + at, acc, lanes);
                                     for (int l = 0; l < lane_count(lanes); l++) seen[static_cast<size_t>(at + l)]++;
                                   });
  }
  double worst = 0;
  for (int64_t i = 0; i < positions; i++)
    for (int64_t j = 0; j < n; j++) {
      const double want =
          bias.p[j] + conv_last_ref<S, double>(x.p, w.p, n, i / S::out_columns, i % S::out_columns, j, 0.0f, 0.0);
      const double off = std::fabs(y.p[i * n + j] - want) + (seen[static_cast<size_t>(i * n + j)] == 1 ? 0 : 1);
      worst = off <= worst ? worst : off;
    }
  check::that(worst <= 1.2e-7 * (static_cast<double>(k) + 2), "f32 %lldx%lldx%lld, kernel %lldx%lld, %lld outputs: off by %g",
              static_cast<long long>(S::rows), static_cast<long long>(S::columns), static_cast<long long>(S::channels),
              static_cast<long long>(S::kh), static_cast<long long>(S::kw), static_cast<long long>(n), worst);
}

template <class T, class S, bool Copy, int TR, int TW>
void one_i8(int64_t out_rows, int64_t n, edge where) {
  constexpr bool is_signed = std::is_signed_v<T>;
  const int64_t k = S::kh * S::kw * S::channels, positions = out_rows * S::out_columns;
  guarded<T> x(S::rows * S::columns * S::channels, where), scratch(conv_last_scratch<S>(out_rows));
  guarded<int8_t> w(k * n);
  check::fill(x.p, S::rows * S::columns * S::channels, values);
  check::fill(w.p, k * n, values);
  w.p[0] = -128;
  const T fill = static_cast<T>(is_signed ? -7 : 131);
  const std::vector<int8_t> rows = padded_rows<S, int8_t, 4>(w.p, n);
  const int64_t depth = static_cast<int64_t>(rows.size()) / n, panels = round_up(n, gemm_u8s8_nr) / gemm_u8s8_nr;
  guarded<int8_t> packed(packed_b_u8s8_size(depth, n), where);
  guarded<int32_t> start(n), y(positions * n, where);
  pack_b_u8s8(packed.p, rows.data(), n, 1, depth, n, 0, panels, nullptr);
  for (int64_t j = 0; j < n; j++) start.p[j] = static_cast<int32_t>(j) - 5;
  const auto put = [&](int64_t i, int64_t j, i32x acc, auto lanes) { store(y.p + i * n + j, acc, lanes); };
  if constexpr (is_signed)
    conv_last_s8s8<S, Copy, TR, TW>(0, out_rows, n, x.p, packed.p, scratch.p, fill, igemm_columns{start.p}, put);
  else
    conv_last_u8s8<S, Copy, TR, TW>(0, out_rows, n, x.p, packed.p, scratch.p, fill, igemm_columns{start.p}, put);
  int64_t wrong = 0;
  for (int64_t i = 0; i < positions; i++)
    for (int64_t j = 0; j < n; j++)
      wrong += y.p[i * n + j] != start.p[j] + conv_last_ref<S, int64_t>(x.p, w.p, n, i / S::out_columns, i % S::out_columns, j, fill,
                                                                        int64_t{is_signed ? 128 : 0});
  check::that(wrong == 0, "%s %lldx%lldx%lld, kernel %lldx%lld, %lld outputs: %lld wrong", is_signed ? "s8s8" : "u8s8",
              static_cast<long long>(S::rows), static_cast<long long>(S::columns), static_cast<long long>(S::channels),
              static_cast<long long>(S::kh), static_cast<long long>(S::kw), static_cast<long long>(n), static_cast<long long>(wrong));
}

// Copy: also for integers. TR x TW as the compiler would choose them.
template <class S, bool CopyF32, int TR, int TW>
void shapes(int64_t out_rows) {
  for (const int64_t n : {1, 16, 17, 40}) {
    one_f32<S, CopyF32, TR, TW>(out_rows, n, edge::after);
    one_f32<S, CopyF32, TR, TW>(out_rows, n, edge::before);
    one_i8<uint8_t, S, true, TR, TW>(out_rows, n, edge::after);
    one_i8<int8_t, S, true, TR, TW>(out_rows, n, edge::before);
  }
}

}  // namespace

int main() {
  shapes<window_last<6, 7, 3, 3, 3, 1, 1, 1, 1, 1, 1, 7>, true, 2, 7>(6);
  shapes<window_last<7, 17, 5, 3, 3, 2, 2, 1, 1, 1, 1, 9>, true, 1, 4>(4);
  shapes<window_last<5, 8, 4, 1, 1, 2, 2, 1, 1, 0, 0, 4>, false, 2, 4>(3);
  shapes<window_last<9, 9, 2, 3, 2, 1, 1, 2, 3, 2, 0, 6>, true, 1, 6>(7);
  shapes<window_last<1, 5, 3, 1, 4, 1, 3, 1, 1, 0, 6, 5>, true, 1, 3>(1);
  one_i8<uint8_t, window_last<5, 6, 4, 3, 3, 1, 1, 1, 1, 0, 0, 4>, false, 2, 4>(3, 33, edge::after);
  one_i8<int8_t, window_last<5, 6, 8, 3, 3, 1, 1, 2, 2, 0, 0, 2>, false, 1, 2>(1, 33, edge::after);
  return check::finish();
}

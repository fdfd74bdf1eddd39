// Softmax and normalisation rows against double precision, at all short lengths and some long ones, in one piece and in several, with
// masked and special values, on buffers that end at guard pages.
#include <initializer_list>
#include <vector>

#include "../testing/check.hpp"
#include "normalise.hpp"
#include "weights.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;
constexpr float inf = std::numeric_limits<float>::infinity();

std::vector<double> softmax_of(const float* x, int64_t n, bool zeros) {
  double top = -HUGE_VAL, sum = 0;
  for (int64_t i = 0; i < n; i++) top = x[i] != x[i] ? NAN : std::fmax(top, x[i]);
  std::vector<double> y(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; i++) sum += y[static_cast<size_t>(i)] = std::exp(x[i] - top);
  for (double& v : y) v = zeros && top == -HUGE_VAL ? 0 : v / sum;
  return y;
}

bool close(float got, double want, double relative) {
  if (std::isnan(want)) return std::isnan(got);
  return std::fabs(got - want) <= relative * std::fabs(want) + 1e-44;
}

template <masked_rows Masked>
void softmax_one(const float* x, int64_t n, const char* what) {
  const auto want = softmax_of(x, n, Masked == masked_rows::zero);
  double top = -HUGE_VAL;
  for (int64_t i = 0; i < n; i++) top = std::fmax(top, x[i]);
  // The rounding of x - max is an error of the exponent.
  const auto bound = [&](int64_t i) {
    const double apart = x[i] > -inf ? top - x[i] : 0;
    return (4 + apart) * 0x1p-24 + static_cast<double>(n) * 0x1p-25;
  };
  guarded<float> y(n);
  int64_t wrong = 0;
  const auto compare = [&](const char* form) {
    for (int64_t i = 0; i < n; i++) wrong += !close(y.p[i], want[static_cast<size_t>(i)], bound(i));
    check::that(wrong == 0, "%s, %s, n = %lld: %lld wrong", form, what, static_cast<long long>(n), static_cast<long long>(wrong));
    wrong = 0;
  };
  softmax_row<Masked>(y.p, x, n);
  compare("softmax_row");
  // In pieces, as attention sees it: earlier pieces are multiplied by the factor of each step.
  for (const int64_t piece : {1, 7, 16, 50}) {
    softmax_state state;
    for (int64_t i = 0; i < n; i++) y.p[i] = x[i];
    for (int64_t at = 0; at < n; at += piece) {
      const float factor = softmax_step(y.p + at, n - at < piece ? n - at : piece, state);
      for (int64_t i = 0; i < at; i++) y.p[i] *= factor;
    }
    const float last = softmax_factor<Masked>(state);
    for (int64_t i = 0; i < n; i++) y.p[i] *= last;
    // A step of the maximum rounds what was there, once each.
    const double pieces = static_cast<double>(n) / static_cast<double>(piece);
    for (int64_t i = 0; i < n; i++) wrong += !close(y.p[i], want[static_cast<size_t>(i)], bound(i) + pieces * 0x1p-22);
    check::that(wrong == 0, "softmax in pieces of %lld, %s, n = %lld: %lld wrong", static_cast<long long>(piece), what,
                static_cast<long long>(n), static_cast<long long>(wrong));
    wrong = 0;
  }
}

void softmaxes(int64_t n) {
  guarded<float> x(n), y(n);
  for (int64_t i = 0; i < n; i++) x.p[i] = values.uniform() * 20;
  softmax_one<masked_rows::nan>(x.p, n, "plain");
  double top = -HUGE_VAL, sum = 0;
  for (int64_t i = 0; i < n; i++) top = std::fmax(top, x.p[i]);
  for (int64_t i = 0; i < n; i++) sum += std::exp(x.p[i] - top);
  log_softmax_row(y.p, x.p, n);
  int64_t wrong = 0;
  for (int64_t i = 0; i < n; i++) wrong += !(std::fabs(y.p[i] - (x.p[i] - top - std::log(sum))) <= 4 * 0x1p-24 * (40 + std::log(sum)));
  check::that(wrong == 0, "log_softmax_row, n = %lld: %lld wrong", static_cast<long long>(n), static_cast<long long>(wrong));
  for (int64_t i = 0; i < n; i++)
    if (i % 3 != 1) x.p[i] = -inf;
  softmax_one<masked_rows::nan>(x.p, n, "partly masked");
  softmax_one<masked_rows::zero>(x.p, n, "partly masked");
  for (int64_t i = 0; i < n; i++) x.p[i] = -inf;
  softmax_one<masked_rows::nan>(x.p, n, "masked");
  softmax_one<masked_rows::zero>(x.p, n, "masked");
  for (int64_t i = 0; i < n; i++) x.p[i] = static_cast<float>(i % 5) * 30 - 3e38f;
  x.p[n / 2] = NAN;
  softmax_row(y.p, x.p, n);
  for (int64_t i = 0; i < n; i++) wrong += !std::isnan(y.p[i]);
  softmax_state state;
  softmax_step(x.p, n, state);
  check::that(wrong == 0 && std::isnan(softmax_factor(state)), "a NaN stays within its row, n = %lld: %lld", static_cast<long long>(n),
              static_cast<long long>(wrong));
}

enum class row_kind { plain, partly_masked, hidden, masked, with_nan, with_infinity };

// Rows of plain, partly masked, masked and special scores, side by side; `x` has them once more, without gaps.
row_kind fill_scores(float* s, int64_t lds, std::vector<float>& x, int64_t r, int64_t rows, int64_t n) {
  const int64_t special = rows > 4 ? r % 9 : 0;
  for (int64_t i = 0; i < n; i++) {
    float v = values.uniform() * 20;
    if (special == 1 && i % 3 != 1 && i > 0) v = -inf;
    if (special == 2) v += 800;
    if (special == 3) v = -std::numeric_limits<float>::max();
    if (special == 5) v = -inf;
    if (special == 6 && i == n / 2) v = NAN;
    if (special == 7 && i == n / 2) v = inf;
    if (special == 8) v -= 3000;
    x[static_cast<size_t>(r * n + i)] = s[r * lds + i] = v;
  }
  const row_kind kinds[] = {row_kind::plain,  row_kind::partly_masked, row_kind::plain,    row_kind::hidden, row_kind::plain,
                            row_kind::masked, row_kind::with_nan,      row_kind::with_infinity, row_kind::plain};
  return kinds[special];
}

void weights(int64_t rows, int64_t n) {
  const int64_t lds = n + 3;
  guarded<float> s((rows - 1) * lds + n), factor(rows);
  std::vector<float> x(static_cast<size_t>(rows * n));
  std::vector<row_kind> kind(static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; r++) kind[static_cast<size_t>(r)] = fill_scores(s.p, lds, x, r, rows, n);
  softmax_weights_rows(s.p, lds, s.p, lds, factor.p, rows, n);
  int64_t wrong = 0;
  for (int64_t r = 0; r < rows; r++) {
    const float* const row = x.data() + r * n;
    if (kind[static_cast<size_t>(r)] >= row_kind::masked) {
      wrong += !std::isnan(factor.p[r]);
      continue;
    }
    double top = -HUGE_VAL, total = 0;
    for (int64_t i = 0; i < n; i++) top = std::fmax(top, row[i]);
    for (int64_t i = 0; i < n; i++) total += std::exp(row[i] - top);
    for (int64_t i = 0; i < n; i++) {
      const double want = std::exp(row[i] - top), apart = row[i] > -inf ? top - row[i] : 0;
      // Beside what the weights of a row share.
      wrong += !close(s.p[r * lds + i], want, (4 + 2.3 * apart + std::fmin(std::fabs(top), 1024)) * 0x1p-24);
      const double divided = static_cast<double>(s.p[r * lds + i]) * factor.p[r];
      wrong += !(std::fabs(divided - want / total) <= (10 + 2.3 * apart + static_cast<double>(n)) * 0x1p-24 * want / total + 1e-44);
    }
    wrong += !close(factor.p[r], 1 / total, (6 + static_cast<double>(n) + std::fmin(std::fabs(top), 1024)) * 0x1p-24);
  }
  check::that(wrong == 0, "softmax_weights_rows, %lld x %lld: %lld wrong", static_cast<long long>(rows), static_cast<long long>(n),
              static_cast<long long>(wrong));
}

// Bytes of the weights: the nearest, or where a weight is as good as in the middle of two the other.
void weight_bytes(int64_t rows, int64_t n, float step) {
  const int64_t lds = n + 3, ldb = n + 5, lde = n + 1, room = rows < weights_rows ? rows : weights_rows;
  guarded<float> s((rows - 1) * lds + n), e((room - 1) * lde + n);
  guarded<uint8_t> bytes((rows - 1) * ldb + n);
  std::vector<float> x(static_cast<size_t>(rows * n));
  int64_t wrong = 0;
  std::vector<row_kind> kind(static_cast<size_t>(rows));
  for (int64_t r = 0; r < rows; r++) kind[static_cast<size_t>(r)] = fill_scores(s.p, lds, x, r, rows, n);
  softmax_bytes_rows(bytes.p, ldb, e.p, lde, s.p, lds, step, rows, n);
  for (int64_t r = 0; r < rows; r++) {
    const float* const row = x.data() + r * n;
    double top = -HUGE_VAL, total = 0;
    for (int64_t i = 0; i < n; i++) top = std::fmax(top, row[i]);
    for (int64_t i = 0; i < n; i++) total += std::exp(row[i] - top);
    for (int64_t i = 0; i < n; i++) {
      const double weight = kind[static_cast<size_t>(r)] >= row_kind::masked ? 0 : step * std::exp(row[i] - top) / total;
      const double far = std::fabs(bytes.p[r * ldb + i] - std::fmin(255, weight));
      wrong += !(far <= 0.5 + weight * 0x1p-18);
    }
  }
  check::that(wrong == 0, "softmax_bytes_rows, %lld x %lld: %lld wrong", static_cast<long long>(rows), static_cast<long long>(n),
              static_cast<long long>(wrong));
}

void norms(int64_t n, float offset) {
  guarded<float> x(n), y(n), gamma(n), beta(n);
  check::fill(gamma.p, n, values);
  check::fill(beta.p, n, values);
  double mean = 0, square = 0, spread = 0, size = 0;
  for (int64_t i = 0; i < n; i++) {
    x.p[i] = values.uniform() + offset;
    mean += x.p[i], square += static_cast<double>(x.p[i]) * x.p[i];
    size = std::fmax(size, std::fabs(x.p[i]));
  }
  mean /= static_cast<double>(n), square /= static_cast<double>(n);
  for (int64_t i = 0; i < n; i++) spread += (x.p[i] - mean) * (x.p[i] - mean);
  const float epsilon = 1e-5f;
  const double factor = 1 / std::sqrt(spread / static_cast<double>(n) + epsilon), rms = 1 / std::sqrt(square + epsilon);
  // The mean's own rounding shifts everything by its last places.
  const double slack = 0x1p-22 * size * factor + 1e-6;
  for (const int form : {0, 1, 2, 3}) {
    const float *const g = form & 1 ? gamma.p : nullptr, *const b = form & 2 ? beta.p : nullptr;
    layer_norm_row(y.p, x.p, n, g, b, epsilon);
    double worst = 0;
    for (int64_t i = 0; i < n; i++) {
      const double want = (x.p[i] - mean) * factor * (g == nullptr ? 1 : g[i]) + (b == nullptr ? 0 : b[i]);
      worst = std::fmax(worst, std::fabs(y.p[i] - want) / (1 + std::fabs(want)));
    }
    check::that(worst <= slack, "layer_norm_row %d, n = %lld: off by %g", form, static_cast<long long>(n), worst);
  }
  rms_norm_row(y.p, x.p, n, gamma.p, epsilon);
  double worst = 0;
  for (int64_t i = 0; i < n; i++)
    worst = std::fmax(worst, std::fabs(y.p[i] - x.p[i] * rms * gamma.p[i]) / (1e-3 + std::fabs(x.p[i] * rms)));
  check::that(worst <= 1e-6 + static_cast<double>(n) * 0x1p-27, "rms_norm_row, n = %lld: off by %g", static_cast<long long>(n), worst);
  row_moments moments;
  for (int64_t at = 0; at < n; at += 37) moments.add(x.p + at, n - at < 37 ? n - at : 37);
  const double variance = spread / static_cast<double>(n);
  check::that(std::fabs(moments.mean - mean) <= 0x1p-21 * size && std::fabs(moments.variance() - spread / static_cast<double>(n)) <=
                                                                      1e-5 * (spread / static_cast<double>(n)) + 0x1p-40 * size * size,
              "moments in pieces, n = %lld: mean off by %g, variance by %g", static_cast<long long>(n), std::fabs(moments.mean - mean),
              std::fabs(moments.variance() - variance));
}

}  // namespace

int main() {
  for (int64_t n = 1; n <= 70; n++) softmaxes(n), norms(n, 0);
  for (const int64_t n : {127, 128, 129, 1000, 4097}) softmaxes(n), norms(n, 0), norms(n, 100);
  softmax_row<masked_rows::zero>(nullptr, nullptr, 0);
  for (int64_t rows = 1; rows <= 12; rows++)
    for (const int64_t n : {1, 5, 15, 16, 17, 40, 128, 1001}) weights(rows, n), weight_bytes(rows, n, 255), weight_bytes(rows, n, 9000);
  return check::finish();
}

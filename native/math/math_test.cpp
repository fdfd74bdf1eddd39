// Error bounds of the vector functions against double precision, over all floats: every 2,111th, and densely where formulas change;
// `math_test N`: every N-th, so that 1 is all 2^32; `math_test N NAME`: of one function. A unit in the last place is that of the exact
// result, not below that of the smallest normal number; where a function cancels (the GELUs far below 0), that of the argument. Prints a
// line of JSON for each row: the table of docs/kernels.md.
#include "math.hpp"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "../kernels/testing/check.hpp"

using namespace fs;

namespace {

uint64_t stride = 2111;
const char* only = nullptr;

double ulp_of(double exact) {
  const double size = std::fmax(std::fabs(exact), 0x1p-126);
  uint64_t bits;
  std::memcpy(&bits, &size, 8);
  // 2^(exponent - 23): what is left of the exponent's bits is a power of two.
  bits = (bits & 0x7ff0000000000000u) - (23ull << 52);
  double ulp;
  std::memcpy(&ulp, &bits, 8);
  return ulp;
}

// What an error is counted in.
enum class unit { of_result, of_argument };

// Asserts |f - exact| <= limit ulp for inputs in [lo, hi], NaN where the exact function has NaN, infinities exactly.
template <class F, class Exact>
void bound(const char* name, double limit, F f, Exact exact, float lo = -HUGE_VALF, float hi = HUGE_VALF, unit u = unit::of_result) {
  if (only != nullptr && std::strcmp(only, name) != 0) return;
  double worst = 0;
  float where = 0;
  int64_t special = 0;
  const auto try_bits = [&](uint64_t first, uint64_t step) {
    float in[16], out[16];
    for (int i = 0; i < f32_lanes; i++) in[i] = f32_from_bits(static_cast<uint32_t>(first + static_cast<uint64_t>(i) * step));
    store(out, f(load(in)));
    for (int i = 0; i < f32_lanes; i++) {
      if (in[i] < lo || in[i] > hi) continue;
      const double e = exact(static_cast<double>(in[i]));
      const float rounded = static_cast<float>(e);
      if (std::isnan(e) || std::isnan(out[i]) || std::isinf(rounded) || std::isinf(out[i])) {
        special += !((std::isnan(e) && std::isnan(out[i])) || rounded == out[i]);
        continue;
      }
      const double error = std::fabs(static_cast<double>(out[i]) - e) / ulp_of(u == unit::of_result ? e : static_cast<double>(in[i]));
      if (error > worst) worst = error, where = in[i];
    }
  };
  const auto lanes = static_cast<uint64_t>(f32_lanes);
  if (stride == 1) {
    for (uint64_t x = 0; x < (1ull << 32); x += lanes) try_bits(x, 1);
  } else {
    for (uint64_t x = 0; x < (1ull << 32); x += stride * 16) try_bits(x, stride * 16 / lanes);
    for (const float center : {1.0f, -1.0f, 0.5f, 0.55f, 0.93f, 0.15f, 0.41421356f, 1.5f, 1.57079637f, 3.14159274f, 6.28318548f,
                               2.41421356f, 88.7f, -87.3f, -103.9f, 47123.0f})
      for (uint64_t x = f32_bits(center) - 4096; x < f32_bits(center) + 4096; x += lanes) try_bits(x, 1);
    for (const uint64_t x :
         {0x00000000ull, 0x80000000ull, 0x7f800000ull, 0xff800000ull, 0x7fc00000ull, 0x00000001ull, 0x00800000ull, 0x7f7fffffull})
      try_bits(x, 0);
  }
  std::printf(
      "{\"simd\":\"%s\",\"name\":\"%s\",\"from\":\"%g\",\"to\":\"%g\",\"unit\":\"%s\",\"bound\":%.1f,\"worst\":%.3f,\"at\":\"%.9g\","
      "\"stride\":%llu}\n",
      simd_name, name, static_cast<double>(lo), static_cast<double>(hi), u == unit::of_result ? "result" : "argument", limit, worst,
      static_cast<double>(where), static_cast<unsigned long long>(stride));
  std::fflush(stdout);
  check::that(worst <= limit, "%s: %.3f ulp at %a", name, worst, static_cast<double>(where));
  check::that(special == 0, "%s: %lld wrong NaNs or infinities", name, static_cast<long long>(special));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) stride = std::strtoull(argv[1], nullptr, 10);
  if (argc > 2) only = argv[2];
  bound("exp", 1.1, [](f32x x) { return exp(x); }, [](double x) { return std::exp(x); }, -87.3f, HUGE_VALF);
  bound("exp into denormals", 1.6, [](f32x x) { return exp(x); }, [](double x) { return std::exp(x); }, -HUGE_VALF, -87.3f);
  bound("log", 1.0, [](f32x x) { return log(x); }, [](double x) { return std::log(x); });
  bound("erf", 1.5, [](f32x x) { return erf(x); }, [](double x) { return std::erf(x); });
  bound("tanh", 1.6, [](f32x x) { return tanh(x); }, [](double x) { return std::tanh(x); });
  bound("sigmoid", 2.6, [](f32x x) { return sigmoid(x); }, [](double x) { return 1 / (1 + std::exp(-x)); });
  bound("silu", 3.5, [](f32x x) { return silu(x); }, [](double x) { return x / (1 + std::exp(-x)); }, -80, HUGE_VALF);
  bound("silu below -80", 53.5, [](f32x x) { return silu(x); }, [](double x) { return x / (1 + std::exp(-x)); }, -HUGE_VALF, -80);
  bound("softplus", 2.2, [](f32x x) { return softplus(x); }, [](double x) { return x > 50 ? x : std::log1p(std::exp(x)); });
  bound("expm1_nonpositive", 3.2, [](f32x x) { return expm1_nonpositive(x); }, [](double x) { return std::expm1(x); }, -HUGE_VALF, 0);
  const auto gelu = [](double x) { return x * 0.5 * (1 + std::erf(x * 0.70710678118654752)); };
  const auto gelu_of_tanh = [](double x) { return x * 0.5 * (1 + std::tanh(0.79788456080286536 * (x + 0.044715 * x * x * x))); };
  bound("gelu_erf above -1", 3.0, [](f32x x) { return gelu_erf(x); }, gelu, -1, HUGE_VALF);
  bound("gelu_erf below -1", 1.0, [](f32x x) { return gelu_erf(x); }, gelu, -HUGE_VALF, -1, unit::of_argument);
  bound("gelu_tanh above -1", 4.5, [](f32x x) { return gelu_tanh(x); }, gelu_of_tanh, -1, HUGE_VALF);
  bound("gelu_tanh below -1", 1.0, [](f32x x) { return gelu_tanh(x); }, gelu_of_tanh, -HUGE_VALF, -1, unit::of_argument);
  bound("rsqrt", 1.5, [](f32x x) { return rsqrt(x); }, [](double x) { return 1 / std::sqrt(x); });
  const float inf = HUGE_VALF;
  bound("sin", 1.6, [](f32x x) { return sin(x); }, [](double x) { return std::sin(x); });
  bound("cos", 1.6, [](f32x x) { return cos(x); }, [](double x) { return std::cos(x); });
  bound("tan", 3.2, [](f32x x) { return tan(x); }, [](double x) { return std::tan(x); });
  bound("asin", 2.5, [](f32x x) { return asin(x); }, [](double x) { return std::asin(x); });
  bound("acos", 2.0, [](f32x x) { return acos(x); }, [](double x) { return std::acos(x); });
  bound("atan", 2.5, [](f32x x) { return atan(x); }, [](double x) { return std::atan(x); });
  bound("expm1", 2.0, [](f32x x) { return expm1(x); }, [](double x) { return std::expm1(x); });
  bound("sinh", 3.5, [](f32x x) { return sinh(x); }, [](double x) { return std::sinh(x); });
  bound("cosh", 3.5, [](f32x x) { return cosh(x); }, [](double x) { return std::cosh(x); });
  bound("asinh", 4.0, [](f32x x) { return asinh(x); }, [](double x) { return std::asinh(x); });
  bound("acosh", 3.0, [](f32x x) { return acosh(x); }, [](double x) { return std::acosh(x); });
  bound("atanh", 3.0, [](f32x x) { return atanh(x); }, [](double x) { return std::atanh(x); }, -inf, inf);
  return check::finish();
}

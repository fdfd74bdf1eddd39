// Test of the vector layer against plain C++ on edge values: every operation, tails against guard pages, all f16 and bf16 values,
// saturation.
#include "simd.hpp"

#include <algorithm>
#include <vector>

#include "../kernels/testing/check.hpp"

using namespace fs;
using check::guarded;

namespace {

const float inf = std::numeric_limits<float>::infinity(), quiet = std::numeric_limits<float>::quiet_NaN();
const std::vector<float> edges = {0.0f,    -0.0f,  1.0f,         -1.0f,        0.5f,          -0.5f,           1.5f,       2.5f,
                                  -2.5f,   3.7f,   -3.7f,        inf,          -inf,          quiet,           1e-40f,     -1e-40f,
                                  1e30f,   -1e30f, 2147483520.f, 2147483648.f, -2147483648.f, -2147483904.f,   255.5f,     127.5f,
                                  -128.5f, -129.f, 65535.f,      65536.f,      3.4e38f,       1.17549435e-38f, 8388607.5f, 0.49999997f};
const std::vector<int32_t> whole = {0,     1,     -1,     2,      127,   128,   -128,      -129,      255,       256,
                                    32767, 32768, -32768, -32769, 65535, 65536, INT32_MAX, INT32_MIN, 0x12345678};

bool same(float a, float b) { return (std::isnan(a) && std::isnan(b)) || f32_bits(a) == f32_bits(b); }
bool same(int32_t a, int32_t b) { return a == b; }

// Runs `op` on all pairs of `list`, a lane at a time in different positions, and compares with `expected`.
template <class T, class Op, class Expected>
void pairs(const char* name, const std::vector<T>& list, Op op, Expected expected) {
  using R = decltype(expected(list[0], list[0]));
  for (size_t i = 0; i < list.size(); i++)
    for (size_t j = 0; j < list.size(); j += f32_lanes) {
      T a[16], b[16];
      R c[16];
      for (int k = 0; k < f32_lanes; k++) a[k] = list[i], b[k] = list[(j + static_cast<size_t>(k)) % list.size()];
      store(c, op(load(a), load(b)));
      for (int k = 0; k < f32_lanes; k++)
        check::that(same(c[k], expected(a[k], b[k])), "%s(%g, %g) = %g", name, static_cast<double>(a[k]), static_cast<double>(b[k]),
                    static_cast<double>(c[k]));
    }
}

f32x flag(mask m) { return select(m, broadcast(1.0f), zero()); }
i32x flag_i32(mask m) { return select(m, broadcast(int32_t{1}), broadcast(int32_t{0})); }

int32_t indefinite(float a) { return a >= -2147483648.0f && a < 2147483648.0f ? static_cast<int32_t>(a) : INT32_MIN; }
int32_t wrap32(int64_t a) { return static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(a))); }
float nan_max(float a, float b) { return std::isnan(a) || std::isnan(b) ? quiet : a > b ? a : b; }
float nan_min(float a, float b) { return std::isnan(a) || std::isnan(b) ? quiet : a < b ? a : b; }

void arithmetic() {
  pairs("add", edges, [](f32x a, f32x b) { return add(a, b); }, [](float a, float b) { return a + b; });
  pairs("sub", edges, [](f32x a, f32x b) { return sub(a, b); }, [](float a, float b) { return a - b; });
  pairs("mul", edges, [](f32x a, f32x b) { return mul(a, b); }, [](float a, float b) { return a * b; });
  pairs("div", edges, [](f32x a, f32x b) { return div(a, b); }, [](float a, float b) { return a / b; });
  pairs("max", edges, [](f32x a, f32x b) { return max(a, b); }, nan_max);
  pairs("min", edges, [](f32x a, f32x b) { return min(a, b); }, nan_min);
  pairs("max_raw", edges, [](f32x a, f32x b) { return max_raw(a, b); }, [](float a, float b) { return a > b ? a : b; });
  pairs("min_raw", edges, [](f32x a, f32x b) { return min_raw(a, b); }, [](float a, float b) { return a < b ? a : b; });
  pairs("lt", edges, [](f32x a, f32x b) { return flag(lt(a, b)); }, [](float a, float b) { return a < b ? 1.0f : 0.0f; });
  pairs("le", edges, [](f32x a, f32x b) { return flag(le(a, b)); }, [](float a, float b) { return a <= b ? 1.0f : 0.0f; });
  pairs("gt", edges, [](f32x a, f32x b) { return flag(gt(a, b)); }, [](float a, float b) { return a > b ? 1.0f : 0.0f; });
  pairs("ge", edges, [](f32x a, f32x b) { return flag(ge(a, b)); }, [](float a, float b) { return a >= b ? 1.0f : 0.0f; });
  pairs("eq", edges, [](f32x a, f32x b) { return flag(eq(a, b)); }, [](float a, float b) { return a == b ? 1.0f : 0.0f; });
  pairs("ne", edges, [](f32x a, f32x b) { return flag(ne(a, b)); }, [](float a, float b) { return a != b ? 1.0f : 0.0f; });
  pairs("copysign", edges, [](f32x a, f32x b) { return copysign(a, b); }, [](float a, float b) { return std::copysign(a, b); });
  pairs("i add", whole, [](i32x a, i32x b) { return add(a, b); }, [](int32_t a, int32_t b) { return wrap32(int64_t{a} + b); });
  pairs("i sub", whole, [](i32x a, i32x b) { return sub(a, b); }, [](int32_t a, int32_t b) { return wrap32(int64_t{a} - b); });
  pairs("i mul", whole, [](i32x a, i32x b) { return mul(a, b); }, [](int32_t a, int32_t b) { return wrap32(int64_t{a} * b); });
  pairs("i max", whole, [](i32x a, i32x b) { return max(a, b); }, [](int32_t a, int32_t b) { return std::max(a, b); });
  pairs("i min", whole, [](i32x a, i32x b) { return min(a, b); }, [](int32_t a, int32_t b) { return std::min(a, b); });
  pairs("i lt", whole, [](i32x a, i32x b) { return flag_i32(lt(a, b)); }, [](int32_t a, int32_t b) { return a < b ? 1 : 0; });
  pairs("i le", whole, [](i32x a, i32x b) { return flag_i32(le(a, b)); }, [](int32_t a, int32_t b) { return a <= b ? 1 : 0; });
  pairs("i ge", whole, [](i32x a, i32x b) { return flag_i32(ge(a, b)); }, [](int32_t a, int32_t b) { return a >= b ? 1 : 0; });
  pairs("i ne", whole, [](i32x a, i32x b) { return flag_i32(ne(a, b)); }, [](int32_t a, int32_t b) { return a != b ? 1 : 0; });
}

void unary() {
  const auto each = [](const char* name, auto op, auto expected) {
    pairs(name, edges, [&](f32x, f32x b) { return op(b); }, [&](float, float b) { return expected(b); });
  };
  each("abs", [](f32x a) { return abs(a); }, [](float a) { return std::fabs(a); });
  each("neg", [](f32x a) { return neg(a); }, [](float a) { return -a; });
  each("sqrt", [](f32x a) { return sqrt(a); }, [](float a) { return std::sqrt(a); });
  each("floor", [](f32x a) { return floor(a); }, [](float a) { return std::floor(a); });
  each("ceil", [](f32x a) { return ceil(a); }, [](float a) { return std::ceil(a); });
  each("trunc", [](f32x a) { return trunc(a); }, [](float a) { return std::trunc(a); });
  each("round_even", [](f32x a) { return round_even(a); }, [](float a) { return std::nearbyint(a); });
  each("relu", [](f32x a) { return relu(a); }, [](float a) { return a < 0 || a == 0 ? (a == 0 ? a : 0.0f) : a; });
  each("sign", [](f32x a) { return sign(a); }, [](float a) { return a > 0 ? 1.0f : a < 0 ? -1.0f : a; });
  each("is_nan", [](f32x a) { return flag(is_nan(a)); }, [](float a) { return std::isnan(a) ? 1.0f : 0.0f; });
  each("to_i32_trunc", [](f32x a) { return to_i32_trunc(a); }, indefinite);
  each("to_i32_round", [](f32x a) { return to_i32_round(a); }, [](float a) { return indefinite(std::nearbyint(a)); });
  each("round_to_bf16", [](f32x a) { return round_to_bf16(a); }, [](float a) { return bf16_to_f32(f32_to_bf16(a)); });
  each(
      "clip", [](f32x a) { return clip(a, broadcast(-1.0f), broadcast(6.0f)); },
      [](float a) {
        return std::isnan(a) ? a : a < -1 ? -1.0f : a > 6 ? 6.0f : a;
      });
  each(
      "quantize u8", [](f32x a) { return quantize(a, 10, 0, 255); },
      [](float a) { return std::isnan(a) || a < -10 ? 0
                           : a > 245                ? 255
                                                    : static_cast<int32_t>(std::nearbyint(a)) + 10; });
  pairs("to_f32", whole, [](i32x, i32x b) { return to_f32(b); }, [](int32_t, int32_t b) { return static_cast<float>(b); });
}

// Stores and loads of n lanes that end (or start) at a guard page, for each element type.
template <class T, class Store, class Expected>
void narrow(const char* name, Store put, Expected expected) {
  for (int n = 0; n <= f32_lanes; n++)
    for (size_t at = 0; at < whole.size(); at++) {
      int32_t in[16];
      for (int k = 0; k < f32_lanes; k++) in[k] = whole[(at + static_cast<size_t>(k)) % whole.size()];
      guarded<T> out(n);
      put(out.p, load(in), n);
      for (int k = 0; k < n; k++) check::that(out.p[k] == expected(in[k]), "%s lane %d of %d", name, k, n);
    }
}

template <class T>
T clamp_to(int32_t a) {
  return static_cast<T>(std::clamp<int32_t>(a, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

void memory() {
  narrow<uint8_t>("store_u8", [](uint8_t* p, i32x a, int n) { store_u8(p, a, n); }, clamp_to<uint8_t>);
  narrow<uint8_t>("store_low8", [](uint8_t* p, i32x a, int n) { store_low8(p, a, n); }, [](int32_t a) { return static_cast<uint8_t>(a); });
  narrow<int8_t>("store_s8", [](int8_t* p, i32x a, int n) { store_s8(p, a, n); }, clamp_to<int8_t>);
  narrow<uint16_t>("store_u16", [](uint16_t* p, i32x a, int n) { store_u16(p, a, n); }, clamp_to<uint16_t>);
  narrow<int16_t>("store_s16", [](int16_t* p, i32x a, int n) { store_s16(p, a, n); }, clamp_to<int16_t>);
  narrow<uint16_t>(
      "store_low16", [](uint16_t* p, i32x a, int n) { store_low16(p, a, n); }, [](int32_t a) { return static_cast<uint16_t>(a); });
  narrow<int32_t>("store i32", [](int32_t* p, i32x a, int n) { store(p, a, n); }, [](int32_t a) { return a; });
  narrow<uint8_t>(
      "store_bool", [](uint8_t* p, i32x a, int n) { store_bool(p, lt(a, broadcast(int32_t{5})), n); },
      [](int32_t a) { return static_cast<uint8_t>(a < 5 ? 1 : 0); });
  check::random r;
  for (int n = 0; n <= f32_lanes; n++)
    for (const auto where : {check::edge::before, check::edge::after}) {
      const bool full = n == f32_lanes;
      guarded<float> f(n, where);
      guarded<uint8_t> u(n, where);
      guarded<int16_t> s(n, where);
      guarded<uint16_t> h(n, where);
      check::fill(f.p, n, r);
      check::fill(u.p, n, r);
      check::fill(s.p, n, r);
      for (int k = 0; k < n; k++) h.p[k] = static_cast<uint16_t>(0x3c00 + k);
      float out[16];
      int32_t ints[16];
      store(out, full ? load(f.p, all_lanes{}) : load(f.p, n));
      for (int k = 0; k < f32_lanes; k++) check::that(out[k] == (k < n ? f.p[k] : 0.0f), "load f32 lane %d of %d", k, n);
      store(ints, full ? load_u8(u.p, all_lanes{}) : load_u8(u.p, n));
      for (int k = 0; k < f32_lanes; k++) check::that(ints[k] == (k < n ? u.p[k] : 0), "load u8 lane %d of %d", k, n);
      store(ints, full ? load_s16(s.p, all_lanes{}) : load_s16(s.p, n));
      for (int k = 0; k < f32_lanes; k++) check::that(ints[k] == (k < n ? s.p[k] : 0), "load s16 lane %d of %d", k, n);
      store(out, load_f16(h.p, n));
      for (int k = 0; k < f32_lanes; k++) check::that(out[k] == (k < n ? f16_to_f32(h.p[k]) : 0.0f), "load f16 lane %d of %d", k, n);
      store(out, load_bf16(h.p, n));
      for (int k = 0; k < f32_lanes; k++) check::that(out[k] == (k < n ? bf16_to_f32(h.p[k]) : 0.0f), "load bf16 lane %d of %d", k, n);
    }
}

// Every 16-bit pattern there, and every float near one back.
void halves() {
  for (uint32_t u = 0; u < 65536; u += static_cast<uint32_t>(f32_lanes)) {
    uint16_t h[16], back[16];
    float x[16], y[16];
    for (int k = 0; k < f32_lanes; k++) h[k] = static_cast<uint16_t>(u + static_cast<uint32_t>(k));
    store(x, load_f16(h));
    store(y, load_bf16(h));
    for (int k = 0; k < f32_lanes; k++) {
      check::that(same(x[k], f16_to_f32(h[k])), "f16 %04x", h[k]);
      check::that(same(y[k], bf16_to_f32(h[k])), "bf16 %04x", h[k]);
    }
    for (const uint32_t low : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      for (int k = 0; k < f32_lanes; k++) x[k] = f32_from_bits(static_cast<uint32_t>(h[k]) << 16 | low);
      store_bf16(back, load(x));
      for (int k = 0; k < f32_lanes; k++) check::that(back[k] == f32_to_bf16(x[k]), "to bf16 %a", static_cast<double>(x[k]));
      store_f16(back, load(x));
      for (int k = 0; k < f32_lanes; k++)
        check::that(back[k] == f32_to_f16(x[k]), "to f16 %a: %04x instead of %04x", static_cast<double>(x[k]), back[k], f32_to_f16(x[k]));
    }
  }
}

void horizontal() {
  float a[16];
  int32_t b[16];
  for (int k = 0; k < f32_lanes; k++) a[k] = static_cast<float>(k * k - 5), b[k] = k * k - 5;
  float sum = 0, high = -inf;
  for (int k = 0; k < f32_lanes; k++) sum += a[k], high = std::max(high, a[k]);
  check::that(hadd(load(a)) == sum && hmax(load(a)) == high && hmin(load(a)) == -5.0f, "hadd, hmax, hmin: %g",
              static_cast<double>(hadd(load(a))));
  check::that(hadd(load(b)) == static_cast<int32_t>(sum) && hmax(load(b)) == static_cast<int32_t>(high) && hmin(load(b)) == -5,
              "integer hadd, hmax, hmin");
  for (int k = 0; k < f32_lanes; k++) {
    const float keep = a[k];
    a[k] = quiet;
    check::that(std::isnan(hmax(load(a))) && std::isnan(hmin(load(a))), "hmax with NaN in lane %d", k);
    a[k] = keep;
  }
}

}  // namespace

int main() {
  arithmetic();
  unary();
  memory();
  halves();
  horizontal();
  return check::finish();
}

// Bench of the products with weights of 4 bits: one row (how fast weights come in: GB/s counts weights and scales), some rows in L2. With
// f32 rows `fraction` is of the FMA peak measured beside it, with rows of bytes of the VNNI peak.
#include "../testing/bench.hpp"
#include "gemm_i4.hpp"
#include "gemm_i4_s8.hpp"

using namespace fs;

namespace {

struct weights {
  bench::array<uint8_t> b;
  bench::array<float> scales;
  int64_t k, n;
  weights(int64_t depth, int64_t columns)
      : b(packed_i4_weights(depth, columns), 251), scales(packed_i4_scales(depth, columns)), k(depth), n(columns) {}
  b_i4 operand() const { return {b.p, scales.p, nullptr, k}; }
  double bytes() const { return static_cast<double>(packed_i4_weights(k, n) + 4 * packed_i4_scales(k, n)); }
};
struct quantised {
  bench::array<int8_t> q;
  bench::array<float> scales;
  bench::array<int32_t> sums;
  int64_t k;
  quantised(int64_t m, int64_t depth)
      : q(m * i4_blocks(depth) * i4_block), scales(m * i4_blocks(depth)), sums(m * i4_blocks(depth)), k(depth) {}
  a_i8_blocks operand() const { return {q.p, scales.p, sums.p, k}; }
};

void rows_of_f32(const char* name, int64_t m, int64_t k, int64_t n) {
  const weights w(k, n);
  bench::array<float> a(m * k), c(m * n);
  bench::report(name, bench::fma_peak, [&] {
    gemm_f32_i4(m, n, k, a_rows{a.p, k}, w.operand(), gemm_store{c.p, n});
    return 2.0 * static_cast<double>(m * n * k);
  });
}
void rows_of_bytes(const char* name, int64_t m, int64_t k, int64_t n) {
  const weights w(k, n);
  const quantised a(m, k);
  bench::array<float> c(m * n);
  bench::report(name, bench::int8_peak, [&] {
    gemm_i8_i4(m, n, a.operand(), w.operand(), gemm_store{c.p, n});
    return 2.0 * static_cast<double>(m * n * k);
  });
}

void one_row(int64_t k, int64_t n) {
  const weights w(k, n);
  const quantised q(1, k);
  bench::array<float> a(k), c(n);
  const double megabytes = w.bytes() * 1e-6;
  bench::bandwidth("f32 x i4, m = 1", megabytes, bench::best_rate(0.3, [&] {
                     gemm_f32_i4(1, n, k, a_rows{a.p, k}, w.operand(), gemm_store{c.p, n});
                     return w.bytes();
                   }));
  bench::bandwidth("i8 x i4, m = 1", megabytes, bench::best_rate(0.3, [&] {
                     gemm_i8_i4(1, n, q.operand(), w.operand(), gemm_store{c.p, n});
                     return w.bytes();
                   }));
}

}  // namespace

int main() {
  one_row(1024, 1024);
  one_row(4096, 16384);
  rows_of_f32("f32 x i4, m = 4, L2", 4, 512, 512);
  rows_of_f32("f32 x i4, m = 112, L2", 112, 512, 512);
  rows_of_f32("f32 x i4 1024^3", 1024, 1024, 1024);
  rows_of_bytes("i8 x i4, m = 112, L2", 112, 512, 512);
  return 0;
}

// Bench of gemm_f32: operands in L2, a 1024^3 loop nest with its blocking, one row against large weights, and dot products.
// Prints one JSON object per figure; `fraction` is of the FMA peak measured beside it. Build with the flags of compileFlags and run.
#include "../testing/bench.hpp"
#include "gemm_f32_dot.hpp"
#include "pack.hpp"

using namespace fs;

namespace {

using bench::fma_peak;

// 1/4 MB in all.
void l2_resident() {
  constexpr int64_t m = gemm_f32_mr * 16, n = gemm_f32_nr * 3, k = 192;
  bench::array<float> a(m * k), b(packed_b_size(k, n)), c(m * n);
  bench::report("f32 L2, A row-major", fma_peak, [&] {
    gemm_f32(fixed<m>{}, fixed<n>{}, fixed<k>{}, a_rows{a.p, fixed<k>{}}, b_panels{b.p, k}, gemm_zero{}, gemm_store{c.p, n});
    return 2.0 * m * n * k;
  });
  bench::report("f32 L2, A row-major, lda at run time", fma_peak, [&] {
    gemm_f32(fixed<m>{}, fixed<n>{}, k, a_rows{a.p, k}, b_panels{b.p, k}, gemm_zero{}, gemm_store{c.p, n});
    return 2.0 * m * n * k;
  });
  bench::report("f32 L2, A packed", fma_peak, [&] {
    gemm_f32(fixed<m>{}, fixed<n>{}, fixed<k>{}, a_panels<gemm_f32_mr>{a.p, k}, b_panels{b.p, k}, gemm_zero{}, gemm_store{c.p, n});
    return 2.0 * m * n * k;
  });
}

// The loop nest: blocks of kc of k outside, then blocks of mc rows, whose A is packed for L2; the tile loop walks all of B's panels.
template <int64_t mc, int64_t kc>
void cube(const char* name) {
  constexpr int64_t s = 1024;
  bench::array<float> a(s * s), b(s * s), bp(packed_b_size(s, s)), c(s * s), scratch(packed_a_size(mc, kc));
  pack_b(bp.p, b.p, s, s, s, 0, panels(s, gemm_f32_nr));
  bench::report(
      name, fma_peak,
      [&] {
        for (int64_t i = 0; i < s; i += mc)
          for (int64_t p = 0; p < s; p += kc) {
            const int64_t rows = std::min(mc, s - i), depth = std::min(kc, s - p);
            pack_a(scratch.p, a.p + i * s + p, s, rows, depth, 0, panels(rows, gemm_f32_mr));
            const a_panels<gemm_f32_mr> ap{scratch.p, depth};
            const b_panels panel{bp.p + p * gemm_f32_nr, s};
            if (p == 0)
              gemm_f32(rows, fixed<s>{}, depth, ap, panel, gemm_zero{}, gemm_store{c.p + i * s, s});
            else
              gemm_f32(rows, fixed<s>{}, depth, ap, panel, gemm_from{c.p + i * s, s}, gemm_store{c.p + i * s, s});
          }
        return 2.0 * s * s * s;
      },
      1.0);
}

// Few rows: bound by how fast B comes in. GB/s of packed weights.
template <int64_t m>
void few_rows(int64_t k, int64_t n) {
  bench::array<float> a(m * k), b(packed_b_size(k, n)), c(m * n);
  const double rate = bench::best_rate(0.3, [&] {
    gemm_f32(fixed<m>{}, n, k, a_rows{a.p, k}, b_panels{b.p, k}, gemm_zero{}, gemm_store{c.p, n});
    return 4.0 * static_cast<double>(n * k);
  });
  std::printf("{\"name\":\"f32 m=%d, %.1f MB of B\",\"simd\":\"%s\",\"gbs\":%.1f,\"gops\":%.1f}\n", static_cast<int>(m),
              static_cast<double>(n * k) * 4e-6, simd_name, rate, rate * 0.5 * m);
}

void dot_products(int64_t m, int64_t n, int64_t k) {
  bench::array<float> a(m * k), b(n * k), c(m * n);
  const double rate = bench::best_rate(0.2, [&] {
    gemm_f32_dot(m, n, k, a.p, k, b.p, k, gemm_store{c.p, n});
    return 4.0 * static_cast<double>(m * k + n * k);
  });
  std::printf("{\"name\":\"f32 dot %dx%dx%d\",\"simd\":\"%s\",\"gbs\":%.1f}\n", static_cast<int>(m), static_cast<int>(n),
              static_cast<int>(k), simd_name, rate);
}

}  // namespace

int main() {
  l2_resident();
  cube<gemm_f32_mr * 10, 256>("f32 1024^3, mc = 10 tiles, kc = 256");
  cube<gemm_f32_mr * 20, 256>("f32 1024^3, mc = 20 tiles, kc = 256");
  cube<gemm_f32_mr * 10, 512>("f32 1024^3, mc = 10 tiles, kc = 512");
  cube<gemm_f32_mr * 10, 1024>("f32 1024^3, mc = 10 tiles, kc = 1024");
  few_rows<1>(512, 256);
  few_rows<1>(1024, 4096);
  few_rows<1>(4096, 8192);
  few_rows<4>(512, 256);
  few_rows<4>(4096, 8192);
  dot_products(1024, 1, 512);
  dot_products(64, 4, 4096);
}

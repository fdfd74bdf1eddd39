// Sweep test of gemm_f32, its packing and gemm_f32_dot against the scalar reference: sizes around tiles and vectors, every operand form,
// buffers that end at guard pages (so also misaligned), partial results as start values, sizes known at compile time.
#include <vector>

#include "../testing/check.hpp"
#include "gemm_f32_dot.hpp"
#include "gemm_f32_ref.hpp"
#include "pack.hpp"

using namespace fs;
using check::guarded;

namespace {

check::random values;

// One problem with its reference; operands lie against guard pages.
struct problem {
  problem(int64_t rows, int64_t cols, int64_t depth)
      : m(rows),
        n(cols),
        k(depth),
        lda(k + 3),
        ldb(n + 5),
        ldc(n + 1),
        a((m - 1) * lda + k),
        b(k > 0 ? (k - 1) * ldb + n : 0),
        start((m - 1) * ldc + n),
        c((m - 1) * ldc + n),
        expected(m * ldc) {
    check::fill(a.p, (m - 1) * lda + k, values);
    if (k > 0) check::fill(b.p, (k - 1) * ldb + n, values);
    check::fill(start.p, (m - 1) * ldc + n, values);
    gemm_f32_ref(m, n, k, a.p, lda, b.p, ldb, start.p, expected.data(), ldc);
  }
  // Rounding: k products and sums of values below 1.
  void compare(const char* form) {
    const double tolerance = 1.2e-7 * (static_cast<double>(k) + 2);
    double worst = 0;
    for (int64_t i = 0; i < m; i++)
      for (int64_t j = 0; j < n; j++) worst = std::max(worst, static_cast<double>(std::fabs(c.p[i * ldc + j] - expected[i * ldc + j])));
    check::that(worst <= tolerance, "%s %lldx%lldx%lld: off by %g", form, static_cast<long long>(m), static_cast<long long>(n),
                static_cast<long long>(k), worst);
    for (int64_t i = 0; i < (m - 1) * ldc + n; i++) c.p[i] = std::numeric_limits<float>::quiet_NaN();
  }
  int64_t m, n, k, lda, ldb, ldc;
  guarded<float> a, b, start, c;
  std::vector<float> expected;
};

// The same start and epilogue types everywhere keep the number of instantiations small.
void runtime_sizes(problem& p) {
  guarded<float> bp(packed_b_size(p.k, p.n));
  pack_b(bp.p, p.b.p, p.ldb, p.k, p.n, 0, panels(p.n, gemm_f32_nr));
  const gemm_from start{p.start.p, p.ldc};
  const gemm_store end{p.c.p, p.ldc};
  gemm_f32(p.m, p.n, p.k, a_rows{p.a.p, p.lda}, b_panels{bp.p, p.k}, start, end);
  p.compare("A rows, B panels");
  gemm_f32(p.m, p.n, p.k, a_rows{p.a.p, p.lda}, b_rows{p.b.p, p.ldb}, start, end);
  p.compare("A rows, B rows");
}

void packed_a(problem& p) {
  guarded<float> ap(packed_a_size(p.m, p.k)), bp(packed_b_size(p.k, p.n));
  pack_a(ap.p, p.a.p, p.lda, p.m, p.k, 0, panels(p.m, gemm_f32_mr));
  pack_b(bp.p, p.b.p, p.ldb, p.k, p.n, 0, panels(p.n, gemm_f32_nr));
  gemm_f32(p.m, fixed<gemm_f32_nr>{}, p.k, a_panels<gemm_f32_mr>{ap.p, p.k}, b_panels{bp.p, p.k}, gemm_from{p.start.p, p.ldc},
           gemm_store{p.c.p, p.ldc});
  p.compare("A panels");
}

void dots(problem& p) {
  std::vector<float> bt(static_cast<size_t>(p.n * p.k));
  for (int64_t i = 0; i < p.k; i++)
    for (int64_t j = 0; j < p.n; j++) bt[j * p.k + i] = p.b.p[i * p.ldb + j];
  guarded<float> g(p.n * p.k);
  if (!bt.empty()) std::memcpy(g.p, bt.data(), bt.size() * 4);
  const gemm_from start{p.start.p, p.ldc};
  gemm_f32_dot(p.m, p.n, p.k, p.a.p, p.lda, g.p, p.k, [&](int64_t row, int64_t col, f32x x, auto lanes) {
    store(p.c.p + row * p.ldc + col, add(x, start(row, col, lanes)), lanes);
  });
  p.compare("dot");
  // Packing the transposed form must give what packing the plain one gives.
  std::vector<float> plain(static_cast<size_t>(packed_b_size(p.k, p.n))), transposed(plain.size());
  pack_b(plain.data(), p.b.p, p.ldb, p.k, p.n, 0, panels(p.n, gemm_f32_nr));
  pack_b_transposed(transposed.data(), g.p, p.k, p.k, p.n, 0, panels(p.n, gemm_f32_nr));
  check::that(plain == transposed, "pack_b_transposed %lldx%lld", static_cast<long long>(p.k), static_cast<long long>(p.n));
}

template <int64_t M, int64_t N, int64_t K>
void fixed_sizes() {
  problem p(M, N, K);
  guarded<float> bp(packed_b_size(K, N));
  pack_b(bp.p, p.b.p, p.ldb, K, N, 0, panels(N, gemm_f32_nr));
  gemm_f32(fixed<M>{}, fixed<N>{}, fixed<K>{}, a_rows{p.a.p, fixed<K + 3>{}}, b_panels{bp.p, K}, gemm_from{p.start.p, p.ldc},
           gemm_store{p.c.p, p.ldc});
  p.compare("fixed sizes");
}

}  // namespace

int main() {
  const int64_t sizes[] = {1, 2, 3, 5, 13, 14, 15, 16, 17, 27, 31, 32, 33, 63, 65};
  const int64_t depths[] = {0, 1, 2, 3, 4, 5, 7, 16, 17, 64};
  for (const int64_t m : sizes)
    for (const int64_t n : sizes)
      for (const int64_t k : depths) {
        if ((m > 33 || n > 33) && k > 5 && k != 17) continue;
        problem p(m, n, k);
        runtime_sizes(p);
        if (n <= 17) dots(p);
      }
  for (const int64_t m : sizes) {
    problem p(m, gemm_f32_nr, 37);
    packed_a(p);
  }
  for (const int64_t k : {1000, 4097}) {
    problem p(15, 33, k);
    runtime_sizes(p);
    dots(p);
  }
  fixed_sizes<1, 1, 1>();
  fixed_sizes<1, 33, 63>();
  fixed_sizes<2, 17, 64>();
  fixed_sizes<14, 32, 16>();
  fixed_sizes<29, 100, 17>();
  fixed_sizes<6, 16, 5>();
  return check::finish();
}

// transpose and transpose_into_panels on all small sizes, with buffers that end at guard pages.
#include "transpose.hpp"

#include "../testing/check.hpp"

using namespace fs;
using check::guarded;

namespace {

void plain(int64_t rows, int64_t cols) {
  const int64_t ld = cols + 2, ldd = rows + 1;
  guarded<float> src((rows - 1) * ld + cols), dst((cols - 1) * ldd + rows);
  for (int64_t i = 0; i < (rows - 1) * ld + cols; i++) src.p[i] = static_cast<float>(i);
  transpose(src.p, ld, rows, cols, dst.p, ldd);
  int64_t wrong = 0;
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < cols; c++) wrong += dst.p[c * ldd + r] != src.p[r * ld + c];
  for (int64_t c = 0; c + 1 < cols; c++) wrong += dst.p[c * ldd + rows] != 0;  // the gap between rows is not touched
  check::that(wrong == 0, "%lldx%lld: %lld wrong", static_cast<long long>(rows), static_cast<long long>(cols),
              static_cast<long long>(wrong));
}

void into_panels(int64_t n, int64_t steps) {
  constexpr int NR = 16;
  const int64_t ld = steps + 1, panels = (n + NR - 1) / NR;
  guarded<float> src((n - 1) * ld + steps), dst(panels * NR * steps);
  for (int64_t i = 0; i < (n - 1) * ld + steps; i++) src.p[i] = static_cast<float>(i + 1);
  transpose_into_panels<NR>(dst.p, src.p, ld, steps, n, 0, panels);
  int64_t wrong = 0;
  for (int64_t j = 0; j < panels * NR; j++)
    for (int64_t p = 0; p < steps; p++) wrong += dst.p[(j / NR * steps + p) * NR + j % NR] != (j < n ? src.p[j * ld + p] : 0.0f);
  check::that(wrong == 0, "panels of %lldx%lld: %lld wrong", static_cast<long long>(n), static_cast<long long>(steps),
              static_cast<long long>(wrong));
}

}  // namespace

int main() {
  for (int64_t a = 1; a <= 35; a++)
    for (int64_t b = 1; b <= 35; b++) {
      plain(a, b);
      into_panels(a, b);
    }
  plain(63, 1000);
  plain(1000, 3);
  into_panels(63, 257);
  return check::finish();
}

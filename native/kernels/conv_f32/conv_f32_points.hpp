// One convolution at any point of the compiler's search space, with the parameters as arguments: what the tuner measures by the hundred without
// a build for each. The loops are those of the compiler's template (compiler-core/templates/conv.ts).
//
// Contract
//   The including file defines FS_CONV_CASES(X) with a row X(R, REST) for every tile height, and calls conv_at_point<TAIL>. TAIL: as for
//   conv_f32. w_of(R): the kernel matrices of all groups, [groups][rows / R][k][R].
#pragma once

#include "../../runtime/spmd.h"
#include "../gemm_f32/pack.hpp"
#include "conv_f32.hpp"

namespace fs {

// A row of the table of points, as the tuner writes it (compiler-core/io/session/tune/conv-harness.ts).
struct conv_point {
  int64_t tile, rows, columns;
};

struct conv_operands {
  const float* x;
  float* y;
  // Images, groups, channels of a group, rows and depth of its kernel matrix.
  int64_t batch, groups, channels, rows, k;
  conv_geometry geometry;
};

// This thread's blocks of all images and groups.
template <int TAIL, class WOf>
void conv_at_point(const conv_operands& o, const WOf& w_of, const conv_point& at, float* scratch, int tid, int threads) {
  const conv_geometry& g = o.geometry;
  const int64_t columns = g.columns(), plane = g.z.input * g.y.input * g.x.input;
  const int64_t across = (columns + at.columns - 1) / at.columns, down = (o.rows + at.rows - 1) / at.rows;
  int64_t lo, hi;
  fs_range(0, o.batch * o.groups * down * across, tid, threads, &lo, &hi);
  for (int64_t t = lo; t < hi; t++) {
    const int64_t image = t / (down * across), row = t / across % down * at.rows, col = t % across * at.columns;
    const conv_block block{row, o.rows - row < at.rows ? o.rows - row : at.rows, col,
                           columns - col < at.columns ? columns - col : at.columns};
    const float* const w = w_of(at.tile) + image % o.groups * round_up(o.rows, at.tile) * o.k;
#define FS_CONV_CASE(R, REST)                                                                                                             \
  if (at.tile == R) {                                                                                                                     \
    conv_f32<R, REST, TAIL>(o.y + image * o.rows * columns, o.x + image * o.channels * plane, w, nullptr, scratch, block, o.k, g);        \
    continue;                                                                                                                             \
  }
    FS_CONV_CASES(FS_CONV_CASE)
#undef FS_CONV_CASE
  }
}

}  // namespace fs

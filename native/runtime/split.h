/* How work is shared out: ranges over threads, and grids of threads over the rows, columns and products of a matrix. Plain C, header-only. */
#ifndef FUSIONSCOPE_RUNTIME_SPLIT_H
#define FUSIONSCOPE_RUNTIME_SPLIT_H

#include <stdint.h>

/* The share of thread `tid` in [begin, end): contiguous, sizes differ by at most one, lower tids get the longer ones. May be empty. */
static inline void fs_range(int64_t begin, int64_t end, int tid, int threads, int64_t* lo, int64_t* hi) {
  const int64_t n = end > begin ? end - begin : 0;
  const int64_t share = n / threads, longer = n % threads;
  *lo = begin + tid * share + (tid < longer ? tid : longer);
  *hi = *lo + share + (tid < longer ? 1 : 0);
}

/* A thread's place in a grid of m x n x k threads. Threads that share rows and columns, and so have to add up their sums, have consecutive
 * numbers: fs_group_barrier(ctx, tid, grid.k) is theirs. */
typedef struct fs_grid {
  int m, n, k;    /* extents */
  int im, in, ik; /* this thread's place */
  int active;     /* 0: the team is larger than the grid, and this thread has no place in it */
} fs_grid;

/* The grid that was planned, or the part of it that a smaller team can fill: products are shared by fewer first, then columns, then rows. */
static inline fs_grid fs_grid_of(int tid, int threads, int m, int n, int k) {
  fs_grid g;
  while (k > 1 && (int64_t)m * n * k > threads) k--;
  while (n > 1 && (int64_t)m * n > threads) n--;
  g.m = m < threads ? m : threads;
  g.n = n;
  g.k = k;
  g.ik = tid % k;
  g.in = tid / k % n;
  g.im = tid / k / n;
  g.active = g.im < g.m;
  return g;
}

/* out[i] = the sum over p of parts[p * stride + i], for i in [lo, hi). Always added in the order of the parts, so that a sum depends on how
 * many parts there are and on nothing else: not on which thread adds, or when. */
static inline void fs_sum_parts_f32(float* __restrict out, const float* __restrict parts, int64_t stride, int count, int64_t lo, int64_t hi) {
  for (int64_t i = lo; i < hi; i++) out[i] = parts[i];
  for (int p = 1; p < count; p++)
    for (int64_t i = lo; i < hi; i++) out[i] += parts[p * stride + i];
}
static inline void fs_sum_parts_i32(int32_t* __restrict out, const int32_t* __restrict parts, int64_t stride, int count, int64_t lo,
                                    int64_t hi) {
  for (int64_t i = lo; i < hi; i++) out[i] = parts[i];
  for (int p = 1; p < count; p++)
    for (int64_t i = lo; i < hi; i++) out[i] = (int32_t)((uint32_t)out[i] + (uint32_t)parts[p * stride + i]);
}

#endif

// A compiled model by hand: y[m x n] = tanh(x[m x k] * w[k x n]), rows split over the team. Parameters come as macros: TEST_M, TEST_N,
// TEST_K, TEST_ISA (FS_ISA_*), and at most one of CRASH_SEGV, CRASH_ILL, HANG to misbehave in region 1.
#include "kernels/gemm_f32/pack.hpp"
#include "math/math.hpp"
#include "runtime/spmd.h"

using namespace fs;

constexpr int64_t M = TEST_M, N = TEST_N, K = TEST_K;

static const uint64_t input_bytes[] = {uint64_t{M} * K * 4}, output_bytes[] = {uint64_t{M} * N * 4}, weight_bytes[] = {uint64_t{K} * N * 4};

FS_EXPORT const fs_module fs_module_info = {
    FS_ABI_VERSION, 2,           "tanh(x w)", TEST_ISA, 1, 1, 1, 2, 4096, uint64_t(packed_b_size(K, N)) * 4, 64, input_bytes,
    output_bytes,   weight_bytes};

FS_EXPORT void fs_init(fs_context* ctx, int tid, int threads) {
  int64_t lo, hi;
  fs_range(0, panels(N, gemm_f32_nr), tid, threads, &lo, &hi);
  pack_b(reinterpret_cast<float*>(ctx->packed), static_cast<const float*>(ctx->weights[0]), N, K, N, lo, hi);
}

FS_EXPORT void fs_run(fs_context* ctx, int tid, int threads) {
  const float* const x = static_cast<const float*>(ctx->inputs[0]);
  float* const y = static_cast<float*>(ctx->outputs[0]);
  FS_REGION_BEGIN(ctx, tid, 0);
  int64_t lo, hi;
  fs_range(0, M, tid, threads, &lo, &hi);
  gemm_f32(hi - lo, fixed<N>{}, fixed<K>{}, a_rows{x + lo * K, fixed<K>{}}, b_panels{reinterpret_cast<const float*>(ctx->packed), K},
           gemm_zero{}, gemm_store{y + lo * N, N});
  FS_REGION_END(ctx, tid, 0);
  fs_barrier(ctx, tid);
  FS_REGION_BEGIN(ctx, tid, 1);
#if defined(CRASH_SEGV)
  if (tid == threads - 1) *reinterpret_cast<volatile int*>(8) = 1;
#elif defined(CRASH_ILL)
  __builtin_trap();
#elif defined(HANG)
  for (volatile int i = 0;; i = i) continue;
#endif
  fs_range(0, int64_t{M} * N / f32_lanes, tid, threads, &lo, &hi);
  for (int64_t i = lo * f32_lanes; i < hi * f32_lanes; i += f32_lanes) store(y + i, tanh(load(y + i)));
  if (tid == threads - 1)
    for (int64_t i = int64_t{M} * N / f32_lanes * f32_lanes; i < int64_t{M} * N; i += f32_lanes) {
      const int n = static_cast<int>(int64_t{M} * N - i);
      store(y + i, tanh(load(y + i, n)), n);
    }
  FS_REGION_END(ctx, tid, 1);
}

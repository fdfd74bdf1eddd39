/* What generated SPMD code calls: barriers (team.h), the split of work over threads (split.h), region marks, alignment.
 * Plain C, header-only. Everything is `static inline`: a compiled model carries its own copy. */
#ifndef FUSIONSCOPE_RUNTIME_SPMD_H
#define FUSIONSCOPE_RUNTIME_SPMD_H

#include <time.h>

#include "abi.h"
#include "split.h"
#include "team.h"

/* Ticks of a constant-rate counter: the TSC on x86-64 (the runner reports its rate), nanoseconds elsewhere. */
static inline uint64_t fs_ticks(void) {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#else
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
#endif
}

static inline uint64_t fs_align_up(uint64_t n, uint64_t alignment) { return (n + alignment - 1) / alignment * alignment; }

static inline unsigned char* fs_scratch(fs_context* ctx, int tid) { return ctx->scratch + (uint64_t)tid * ctx->scratch_stride; }

/* Put before the function of a region. Each stays a function: what a compiler does with one grows faster than its length. It may lie in
 * another translation unit than its caller. */
#define FS_REGION_FUNCTION __attribute__((noinline))

/* Region marks. Every build tells which region runs (one store, for crash reports); builds with -DFS_PROFILE also add up the time.
 * BEGIN and END of one id must be in one C scope; regions may nest. Put END after the nest's own work but before its barrier, so that
 * waiting is not counted as work. */
#define FS_REGION_MARK(ctx, tid, id)                                                                                                     \
  do {                                                                                                                                   \
    if ((ctx)->region_current) __atomic_store_n(&(ctx)->region_current[(uint64_t)(tid) * (ctx)->region_stride], (id), __ATOMIC_RELAXED); \
  } while (0)
#ifdef FS_PROFILE
#define FS_REGION_EVENT(ctx, tid, id, leave)                                                     \
  do {                                                                                           \
    if ((ctx)->region_event) (ctx)->region_event((ctx)->region_host, (tid), (int)(id), (leave)); \
  } while (0)
#define FS_REGION_BEGIN(ctx, tid, id) \
  FS_REGION_MARK(ctx, tid, id);       \
  FS_REGION_EVENT(ctx, tid, id, 0);   \
  const uint64_t fs_region_start_##id = fs_ticks()
#define FS_REGION_END(ctx, tid, id)                                                            \
  do {                                                                                         \
    if ((ctx)->region_ticks) {                                                                 \
      const uint64_t fs_region_slot = (uint64_t)(tid) * (ctx)->region_stride + (uint64_t)(id); \
      (ctx)->region_ticks[fs_region_slot] += fs_ticks() - fs_region_start_##id;                \
      (ctx)->region_counts[fs_region_slot] += 1;                                               \
    }                                                                                          \
    FS_REGION_EVENT(ctx, tid, id, 1);                                                          \
    FS_REGION_MARK(ctx, tid, -1);                                                              \
  } while (0)
#else
#define FS_REGION_BEGIN(ctx, tid, id) FS_REGION_MARK(ctx, tid, id)
#define FS_REGION_END(ctx, tid, id) FS_REGION_MARK(ctx, tid, -1)
#endif

#endif

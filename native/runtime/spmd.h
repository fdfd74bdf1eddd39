/* What generated SPMD code calls: the team barrier, the static split of a range, region marks, alignment.
 * Plain C, header-only. Everything is `static inline`: a compiled model carries its own copy. */
#ifndef FUSIONSCOPE_RUNTIME_SPMD_H
#define FUSIONSCOPE_RUNTIME_SPMD_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

static inline void fs_cpu_relax(void) {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/* Ticks of a constant-rate counter: the TSC on x86-64 (the runner reports its rate), nanoseconds elsewhere. */
static inline uint64_t fs_ticks(void) {
#if defined(__x86_64__)
  return __rdtsc();
#else
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
#endif
}

static inline void fs_futex_wait(int32_t* word, int32_t expected) { syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0); }

static inline void fs_futex_wake_all(int32_t* word) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0); }

static inline void fs_team_init(fs_team* team, int threads, int spin) {
  memset(team, 0, sizeof *team);
  team->threads = threads;
  team->spin = spin;
}

/* Waits until *word differs from `old`: polls `spin` times, then sleeps. `sleepers` counts the sleeping threads. */
static inline void fs_wait_change(int32_t* word, int32_t old, int32_t* sleepers, const int32_t* spin) {
  for (int32_t i = 0; i < __atomic_load_n(spin, __ATOMIC_RELAXED); i++) {
    if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != old) return;
    fs_cpu_relax();
  }
  __atomic_fetch_add(sleepers, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == old) fs_futex_wait(word, old);
  __atomic_fetch_sub(sleepers, 1, __ATOMIC_RELAXED);
}

/* Every thread of the team must call it the same number of times. What any thread wrote before is visible to all after. Not inlined: a
 * model has hundreds of calls in one function, and a compiler would take a second for them. */
static __attribute__((noinline, unused)) void fs_barrier(fs_context* ctx, int tid) {
  fs_team* team = ctx->team;
  (void)tid;
  if (team->threads == 1) return;
  const int32_t epoch = __atomic_load_n(&team->epoch, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&team->arrived, 1, __ATOMIC_ACQ_REL) == team->threads) {
    __atomic_store_n(&team->arrived, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&team->epoch, epoch + 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&team->sleepers, __ATOMIC_SEQ_CST) != 0) fs_futex_wake_all(&team->epoch);
  } else {
    fs_wait_change(&team->epoch, epoch, &team->sleepers, &team->spin);
  }
}

/* The share of thread `tid` in [begin, end): contiguous, sizes differ by at most one, lower tids get the longer ones. May be empty. */
static inline void fs_range(int64_t begin, int64_t end, int tid, int threads, int64_t* lo, int64_t* hi) {
  const int64_t n = end > begin ? end - begin : 0;
  const int64_t share = n / threads, longer = n % threads;
  *lo = begin + tid * share + (tid < longer ? tid : longer);
  *hi = *lo + share + (tid < longer ? 1 : 0);
}

static inline uint64_t fs_align_up(uint64_t n, uint64_t alignment) { return (n + alignment - 1) / alignment * alignment; }

static inline unsigned char* fs_scratch(fs_context* ctx, int tid) { return ctx->scratch + (uint64_t)tid * ctx->scratch_stride; }

/* Put before the function of a region. Each stays a function: what a compiler does with one grows faster than its length. */
#ifdef FS_PARTS /* one of several translation units of a model */
#define FS_REGION_FUNCTION __attribute__((noinline))
#else
#define FS_REGION_FUNCTION static __attribute__((noinline))
#endif

/* Region marks. Every build tells which region runs (one store, for crash reports); builds with -DFS_PROFILE also add up the time.
 * BEGIN and END of one id must be in one C scope; regions may nest. Put END after the nest's own work but before its barrier, so that
 * waiting is not counted as work. */
#define FS_REGION_MARK(ctx, tid, id)                                                                                                     \
  do {                                                                                                                                   \
    if ((ctx)->region_current) __atomic_store_n(&(ctx)->region_current[(uint64_t)(tid) * (ctx)->region_stride], (id), __ATOMIC_RELAXED); \
  } while (0)
#ifdef FS_PROFILE
#define FS_REGION_BEGIN(ctx, tid, id) \
  FS_REGION_MARK(ctx, tid, id);       \
  const uint64_t fs_region_start_##id = fs_ticks()
#define FS_REGION_END(ctx, tid, id)                                                            \
  do {                                                                                         \
    if ((ctx)->region_ticks) {                                                                 \
      const uint64_t fs_region_slot = (uint64_t)(tid) * (ctx)->region_stride + (uint64_t)(id); \
      (ctx)->region_ticks[fs_region_slot] += fs_ticks() - fs_region_start_##id;                \
      (ctx)->region_counts[fs_region_slot] += 1;                                               \
    }                                                                                          \
    FS_REGION_MARK(ctx, tid, -1);                                                              \
  } while (0)
#else
#define FS_REGION_BEGIN(ctx, tid, id) FS_REGION_MARK(ctx, tid, id)
#define FS_REGION_END(ctx, tid, id) FS_REGION_MARK(ctx, tid, -1)
#endif

#endif

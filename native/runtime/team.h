/* How the threads of a team wait for each other: a bounded number of polls, then a sleep in the kernel. Plain C, header-only. */
#ifndef FUSIONSCOPE_RUNTIME_TEAM_H
#define FUSIONSCOPE_RUNTIME_TEAM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "split.h"

static inline void fs_cpu_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause(); /* without the header of all intrinsics, which takes a compiler a quarter of a second */
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

/* Changes `word` and wakes who sleeps on it. A sleeper counts itself before it looks at the word for the last time, and the word is changed
 * before the sleepers are looked at: one of the two sees the other. */
static inline void fs_release(int32_t* word, int32_t value, int32_t* sleepers) {
  __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(sleepers, __ATOMIC_SEQ_CST) != 0) fs_futex_wake_all(word);
}

/* One of `count` arrivals at a gate; returns when all have come. `epoch`: as it was before this thread arrived anywhere. */
static inline void fs_meet(fs_gate* gate, int32_t count, int32_t epoch, const int32_t* spin) {
  if (__atomic_add_fetch(&gate->arrived.value, 1, __ATOMIC_ACQ_REL) == count) {
    __atomic_store_n(&gate->arrived.value, 0, __ATOMIC_RELAXED);
    fs_release(&gate->epoch.value, epoch + 1, &gate->sleepers.value);
  } else {
    fs_wait_change(&gate->epoch.value, epoch, &gate->sleepers.value, spin);
  }
}

/* Every thread of the team must call it the same number of times. What any thread wrote before is visible to all after. Not inlined: a
 * model has hundreds of calls in one function, and a compiler would take a second for them. */
static __attribute__((noinline, unused)) void fs_barrier(fs_context* ctx, int tid) {
  fs_team* team = ctx->team;
  const int32_t threads = team->threads;
  if (threads == 1) return;
  const int32_t epoch = __atomic_load_n(&team->all.epoch.value, __ATOMIC_RELAXED);
  if (threads <= FS_TEAM_NODE) return fs_meet(&team->all, threads, epoch, &team->spin);
  const int32_t node = tid / FS_TEAM_NODE, rest = threads - node * FS_TEAM_NODE;
  if (__atomic_add_fetch(&team->node[node].value, 1, __ATOMIC_ACQ_REL) == (rest < FS_TEAM_NODE ? rest : FS_TEAM_NODE)) {
    __atomic_store_n(&team->node[node].value, 0, __ATOMIC_RELAXED);
    fs_meet(&team->all, (threads + FS_TEAM_NODE - 1) / FS_TEAM_NODE, epoch, &team->spin);
  } else {
    fs_wait_change(&team->all.epoch.value, epoch, &team->all.sleepers.value, &team->spin);
  }
}

/* Waits like fs_wait_change, and meanwhile brings `bytes` from `at` into the second-level cache, a few lines between two looks at the word. */
static inline void fs_wait_near(int32_t* word, int32_t old, int32_t* sleepers, const int32_t* spin, const char* at, int64_t bytes) {
  for (const char* end = at + bytes; at < end; at += 256) {
    if (__atomic_load_n(word, __ATOMIC_ACQUIRE) != old) return;
    for (int line = 0; line < 256; line += 64) __builtin_prefetch(at + line, 0, 2);
  }
  fs_wait_change(word, old, sleepers, spin);
}

/* fs_barrier, where a thread that has to wait brings near what it reads next: of `count` shares of `step` bytes from `from` (0: all the same bytes)
 * those of this thread, at most `most` bytes. Up to 255 bytes behind them may be asked for, which harms nobody. */
static __attribute__((noinline, unused)) void fs_barrier_near(fs_context* ctx, int tid, const void* from, int64_t count, int64_t step,
                                                              int64_t most) {
  fs_team* team = ctx->team;
  const int32_t threads = team->threads;
  if (threads == 1) return;
  int64_t lo, hi;
  fs_range(0, count, tid, threads, &lo, &hi);
  const int64_t own = step == 0 ? (hi > lo ? most : 0) : (hi - lo) * step;
  const char* const at = (const char*)from + lo * step;
  const int64_t bytes = own < most ? own : most;
  const int32_t epoch = __atomic_load_n(&team->all.epoch.value, __ATOMIC_RELAXED);
  fs_gate* gate = &team->all;
  int32_t arrivals = threads;
  if (threads > FS_TEAM_NODE) {
    const int32_t node = tid / FS_TEAM_NODE, rest = threads - node * FS_TEAM_NODE;
    if (__atomic_add_fetch(&team->node[node].value, 1, __ATOMIC_ACQ_REL) != (rest < FS_TEAM_NODE ? rest : FS_TEAM_NODE))
      return fs_wait_near(&gate->epoch.value, epoch, &gate->sleepers.value, &team->spin, at, bytes);
    __atomic_store_n(&team->node[node].value, 0, __ATOMIC_RELAXED);
    arrivals = (threads + FS_TEAM_NODE - 1) / FS_TEAM_NODE;
  }
  if (__atomic_add_fetch(&gate->arrived.value, 1, __ATOMIC_ACQ_REL) == arrivals) {
    __atomic_store_n(&gate->arrived.value, 0, __ATOMIC_RELAXED);
    fs_release(&gate->epoch.value, epoch + 1, &gate->sleepers.value);
  } else {
    fs_wait_near(&gate->epoch.value, epoch, &gate->sleepers.value, &team->spin, at, bytes);
  }
}

/* A barrier of the part of the team that `tid` is in, when the team is cut into parts of `size` threads with consecutive numbers (the last
 * one may be smaller). All threads of a part must call it equally often; parts do not wait for each other. Between two calls that cut the team
 * differently there must be an fs_barrier. */
static __attribute__((noinline, unused)) void fs_group_barrier(fs_context* ctx, int tid, int size) {
  fs_team* team = ctx->team;
  const int32_t first = tid / size * size, rest = team->threads - first, count = rest < size ? rest : size;
  if (count < 2) return;
  fs_gate* gate = &team->group[first / 2];
  fs_meet(gate, count, __atomic_load_n(&gate->epoch.value, __ATOMIC_RELAXED), &team->spin);
}

#endif

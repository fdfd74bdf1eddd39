/* A host for one compiled model: buffers and a team of threads. Used by the runner and by the C program that `compile -o` leaves.
 * Plain C, header-only; link with -pthread.
 *
 *   fs_host host;
 *   int why = fs_host_open(&host, &fs_module_info, fs_init, fs_run, weights, threads, NULL);   0, or an FS_HOST_ERROR_* code
 *   fs_host_run(&host, inputs, outputs);                                                       as often as wanted, from one thread
 *   fs_host_close(&host);
 *
 * The calling thread is thread 0 of the team. The others are created here, pinned when `cpus` is given, and sleep on a futex between runs
 * after a bounded spin; nothing is allocated while running.
 */
#ifndef FUSIONSCOPE_RUNTIME_HOST_H
#define FUSIONSCOPE_RUNTIME_HOST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* CPU sets; before the first system header */
#endif

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "buffer.h"
#include "spmd.h"
#include "topology.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define FS_HOST_MAX_THREADS FS_MAX_THREADS

enum {
  FS_HOST_OK = 0,
  FS_HOST_ERROR_ABI = 1,
  FS_HOST_ERROR_MEMORY = 2,
  FS_HOST_ERROR_THREADS = 3,
  FS_HOST_ERROR_ISA = 4,
  FS_HOST_ERROR_HOLES = 5 /* parts of the model are not compiled, and nobody was given who runs them */
};

typedef struct fs_host {
  fs_team team __attribute__((aligned(64)));
  int32_t job; /* futex word: jobs started */
  int32_t job_sleepers;
  int32_t job_spin;
  int32_t spin;
  fs_entry entry; /* what the current job calls; NULL: leave */
  const fs_module* module;
  fs_entry init, run;
  fs_context context;
  fs_buffer packed, arena, scratch, regions;
  int threads;
  int initialised;
  void (*on_thread_start)(int tid); /* called first in each created thread (signal stacks, CPU state), and never for thread 0 */
  pthread_t thread[FS_HOST_MAX_THREADS];
} fs_host;

/* Polls that take about `microseconds`: the length of a pause differs by a factor of ten between processors. */
static inline int32_t fs_spin_count(int microseconds) {
  struct timespec a, b;
  const int polls = 2000;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (int i = 0; i < polls; i++) fs_cpu_relax();
  clock_gettime(CLOCK_MONOTONIC, &b);
  const double ns = (double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec);
  const double count = microseconds * 1e3 / (ns / polls + 0.1);
  return count > 1e6 ? 1000000 : (int32_t)count;
}

/* Feature bits of this processor (what the operating system lets programs use). AMX needs a permission: fs_host_request_amx. */
static inline uint64_t fs_host_isa(void) {
  uint64_t isa = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) isa |= FS_ISA_AVX2;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    isa |= FS_ISA_AVX512;
  if (__builtin_cpu_supports("avx512vnni")) isa |= FS_ISA_VNNI;
  if (__builtin_cpu_supports("avx512bf16")) isa |= FS_ISA_BF16;
  unsigned a, b, c, d;
  if ((isa & FS_ISA_AVX512) != 0 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 23 & 1) != 0) isa |= FS_ISA_FP16;
#endif
  return isa;
}

/* AMX tile data is off until a process asks for it (Linux 5.16 and newer); children inherit the permission, a new program does not. Signal
 * stacks must be large enough for the tiles when it is asked for. Returns the feature bits that it adds, 0 where there is no AMX. */
static inline uint64_t fs_host_request_amx(void) {
  uint64_t isa = 0;
#if defined(__x86_64__) && defined(SYS_arch_prctl)
  unsigned a, b, c, d;
  const long request_permission = 0x1023, tile_data = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 24 & 1) != 0 && syscall(SYS_arch_prctl, request_permission, tile_data) == 0) {
    isa |= FS_ISA_AMX_TILE;
    if ((d >> 25 & 1) != 0) isa |= FS_ISA_AMX_INT8;
    if ((d >> 22 & 1) != 0) isa |= FS_ISA_AMX_BF16;
  }
#endif
  return isa;
}

typedef struct fs_host_start {
  fs_host* host;
  int tid;
} fs_host_start;

static inline void* fs_host_thread(void* argument) {
  fs_host* host = ((fs_host_start*)argument)->host;
  const int tid = ((fs_host_start*)argument)->tid;
  free(argument);
  if (host->on_thread_start != NULL) host->on_thread_start(tid);
  int32_t seen = 0;
  for (;;) {
    fs_wait_change(&host->job, seen, &host->job_sleepers, &host->job_spin);
    seen++;
    if (host->entry == NULL) return NULL;
    host->entry(&host->context, tid, host->threads);
    fs_barrier(&host->context, tid);
  }
}

static inline void fs_host_job(fs_host* host, fs_entry entry) {
  host->entry = entry;
  if (host->threads > 1) {
    __atomic_add_fetch(&host->job, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&host->job_sleepers, __ATOMIC_SEQ_CST) != 0) fs_futex_wake_all(&host->job);
  }
  if (entry == NULL) return;
  entry(&host->context, 0, host->threads);
  fs_barrier(&host->context, 0);
}

/* Each thread writes its part of the arena and of the packed constants first, and its own scratch: pages lie near the CPU that writes them
 * first, and no fault falls into a run. */
static inline void fs_host_touch(fs_context* context, int tid, int threads) {
  fs_host* host = (fs_host*)(void*)((char*)context - offsetof(fs_host, context));
  fs_buffer* const shared[] = {&host->arena, &host->packed};
  for (int i = 0; i < 2; i++) {
    const int64_t page = (int64_t)fs_buffer_page(shared[i]), bytes = (int64_t)shared[i]->bytes;
    int64_t lo, hi;
    fs_range(0, (bytes + page - 1) / page, tid, threads, &lo, &hi);
    fs_buffer_touch(shared[i], (uint64_t)(lo * page), (uint64_t)(hi * page < bytes ? hi * page : bytes));
  }
  const uint64_t own = (uint64_t)tid * context->scratch_stride;
  fs_buffer_touch(&host->scratch, own, own + context->scratch_stride);
}

/* Between runs, lets the workers sleep at once (1) or spin a little first, as when runs follow each other closely (0). */
static inline void fs_host_park(fs_host* host, int parked) { __atomic_store_n(&host->job_spin, parked ? 0 : host->spin, __ATOMIC_RELAXED); }

/* The constant work, if it has not been done. fs_host_run does it by itself at the first run. */
static inline void fs_host_init(fs_host* host) {
  if (host->initialised) return;
  fs_host_job(host, host->init);
  host->initialised = 1;
}

static inline void fs_host_run(fs_host* host, void* const* inputs, void* const* outputs) {
  host->context.inputs = inputs;
  host->context.outputs = outputs;
  fs_host_init(host);
  fs_host_job(host, host->run);
}

static inline void fs_host_close(fs_host* host) {
  if (host->threads > 1 && host->thread[1] != 0) {
    fs_host_job(host, NULL);
    for (int t = 1; t < host->threads; t++)
      if (host->thread[t] != 0) pthread_join(host->thread[t], NULL);
  }
  fs_buffer_close(&host->packed);
  fs_buffer_close(&host->arena);
  fs_buffer_close(&host->scratch);
  fs_buffer_close(&host->regions);
}

static inline int fs_host_buffers(fs_host* host, const void* const* weights) {
  const fs_module* m = host->module;
  fs_context* c = &host->context;
  /* Pages of its own for each thread, so that they lie near it; the odd line keeps threads off the same cache sets. */
  const uint64_t stride = fs_align_up(m->scratch_bytes + FS_ALIGNMENT, FS_PAGE) + FS_ALIGNMENT;
  const uint32_t row = (uint32_t)fs_align_up(m->regions == 0 ? 1 : m->regions, 16);
  if (fs_buffer_reserve(&host->packed, m->packed_bytes) != 0 || fs_buffer_reserve(&host->arena, m->arena_bytes) != 0 ||
      fs_buffer_reserve(&host->scratch, stride * (uint64_t)host->threads) != 0 ||
      fs_buffer_open(&host->regions, (uint64_t)row * (uint64_t)host->threads * 20) != 0)
    return FS_HOST_ERROR_MEMORY;
  c->weights = weights;
  c->packed = host->packed.p;
  c->arena = host->arena.p;
  c->scratch = host->scratch.p;
  c->scratch_stride = stride;
  c->team = &host->team;
  c->region_stride = row;
  c->region_ticks = (uint64_t*)host->regions.p;
  c->region_counts = c->region_ticks + (uint64_t)row * (uint64_t)host->threads;
  c->region_current = (int32_t*)(c->region_counts + (uint64_t)row * (uint64_t)host->threads);
  for (int t = 0; t < host->threads; t++) c->region_current[(uint64_t)t * row] = -1;
  return FS_HOST_OK;
}

/* `isa` are the feature bits the caller may use (fs_host_isa(), plus AMX when permitted). `cpus`: the CPU of each thread (fs_cpu_order), or NULL
 * for no pinning; thread 0 is the caller and is not pinned here. Set host->on_thread_start, and host->context.hole and hole_host for a module with
 * holes, before the call, or leave the struct zeroed. */
static inline int fs_host_open_on(fs_host* host, const fs_module* module, fs_entry init, fs_entry run, const void* const* weights,
                                  int threads, const int* cpus, uint64_t isa) {
  void (*const on_start)(int) = host->on_thread_start;
  void (*const hole)(void*, uint32_t, const void* const*, void* const*) = host->context.hole;
  void* const hole_host = host->context.hole_host;
  memset(host, 0, sizeof *host);
  host->on_thread_start = on_start;
  host->context.hole = hole;
  host->context.hole_host = hole_host;
  if (module->abi_version != FS_ABI_VERSION) return FS_HOST_ERROR_ABI;
  if ((module->isa_features & ~isa) != 0) return FS_HOST_ERROR_ISA;
  if (module->holes > 0 && hole == NULL) return FS_HOST_ERROR_HOLES;
  if (threads < 1 || threads > FS_HOST_MAX_THREADS) return FS_HOST_ERROR_THREADS;
  host->module = module;
  host->init = init;
  host->run = run;
  host->threads = threads;
  /* Threads that share a CPU, or whose time is limited, would spin away what the others need. Given CPUs are one for each thread. */
  const int quota = cpus == NULL ? 0 : fs_cpu_quota_of("");
  const int crowded = cpus == NULL ? fs_usable_cpus() < threads : quota > 0 && quota < threads;
  host->spin = crowded || threads == 1 ? 0 : fs_spin_count(100);
  host->job_spin = host->spin;
  fs_team_init(&host->team, threads, host->spin);
  const int failed = fs_host_buffers(host, weights);
  if (failed != FS_HOST_OK) {
    host->threads = 1;
    fs_host_close(host);
    return failed;
  }
  for (int t = 1; t < threads; t++) {
    fs_host_start* start = (fs_host_start*)malloc(sizeof *start);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (cpus != NULL) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpus[t], &one);
      pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
    }
    int bad = start == NULL;
    if (!bad) {
      start->host = host;
      start->tid = t;
      bad = pthread_create(&host->thread[t], &attributes, fs_host_thread, start) != 0;
    }
    pthread_attr_destroy(&attributes);
    if (bad) {
      host->thread[t] = 0;
      free(start);
      fs_host_close(host);
      return FS_HOST_ERROR_THREADS;
    }
  }
  fs_host_job(host, fs_host_touch);
  return FS_HOST_OK;
}

static inline int fs_host_open(fs_host* host, const fs_module* module, fs_entry init, fs_entry run, const void* const* weights, int threads,
                               const int* cpus) {
  memset(host, 0, sizeof *host);
  return fs_host_open_on(host, module, init, run, weights, threads, cpus, fs_host_isa());
}

#endif

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
#include <sys/mman.h>

#include "spmd.h"

#define FS_HOST_MAX_THREADS 256
#define FS_HUGE_PAGE (2ull << 20)

enum {
  FS_HOST_OK = 0,
  FS_HOST_ERROR_ABI = 1,
  FS_HOST_ERROR_MEMORY = 2,
  FS_HOST_ERROR_THREADS = 3,
  FS_HOST_ERROR_ISA = 4,
  FS_HOST_ERROR_HOLES = 5 /* parts of the model are not compiled, and nobody was given who runs them */
};

typedef struct fs_buffer {
  unsigned char* p; /* 64-byte aligned; 2 MB aligned when large */
  void* map;
  uint64_t map_bytes;
} fs_buffer;

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

/* Anonymous memory, already backed by pages, so that no fault falls into a run. */
static inline int fs_buffer_open(fs_buffer* b, uint64_t bytes) {
  memset(b, 0, sizeof *b);
  const int huge = bytes >= FS_HUGE_PAGE;
  b->map_bytes = fs_align_up(bytes == 0 ? 1 : bytes, 4096) + (huge ? FS_HUGE_PAGE : 0);
  b->map = mmap(NULL, b->map_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (b->map == MAP_FAILED) {
    b->map = NULL;
    return -1;
  }
  b->p = (unsigned char*)(huge ? fs_align_up((uint64_t)(uintptr_t)b->map, FS_HUGE_PAGE) : (uint64_t)(uintptr_t)b->map);
  if (huge) madvise(b->p, fs_align_up(bytes, 4096), MADV_HUGEPAGE);
  for (uint64_t i = 0; i < bytes; i += 4096) ((volatile unsigned char*)b->p)[i] = 0;
  return 0;
}

static inline void fs_buffer_close(fs_buffer* b) {
  if (b->map != NULL) munmap(b->map, b->map_bytes);
  memset(b, 0, sizeof *b);
}

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

/* Feature bits of this processor (what the operating system lets programs use; AMX bits are never set here: it needs a permission). */
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
  const uint64_t stride = fs_align_up(m->scratch_bytes, 4096) + FS_ALIGNMENT; /* the odd line keeps threads off the same cache sets */
  const uint32_t row = (uint32_t)fs_align_up(m->regions == 0 ? 1 : m->regions, 16);
  if (fs_buffer_open(&host->packed, m->packed_bytes) != 0 || fs_buffer_open(&host->arena, m->arena_bytes) != 0 ||
      fs_buffer_open(&host->scratch, stride * (uint64_t)host->threads) != 0 ||
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

/* `isa` are the feature bits the caller may use (fs_host_isa(), plus AMX when permitted). `cpus`: the CPU of each thread, or NULL for no
 * pinning; thread 0 is the caller and is not pinned here. Set host->on_thread_start, and host->context.hole and hole_host for a module with
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
  cpu_set_t allowed;
  const int crowded = sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) < threads && cpus == NULL;
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
  return FS_HOST_OK;
}

static inline int fs_host_open(fs_host* host, const fs_module* module, fs_entry init, fs_entry run, const void* const* weights, int threads,
                               const int* cpus) {
  memset(host, 0, sizeof *host);
  return fs_host_open_on(host, module, init, run, weights, threads, cpus, fs_host_isa());
}

#endif

/* The contract between a compiled model (a shared object) and whatever hosts it: the runner, or a user's own program.
 *
 * A compiled model exports three symbols (C linkage, default visibility):
 *   const fs_module fs_module_info;                             what it is and what it needs
 *   void fs_init(fs_context* ctx, int tid, int threads);        constant work (packing weights), once, before the first run
 *   void fs_run(fs_context* ctx, int tid, int threads);         one inference
 * Both functions are SPMD: every thread of the team calls them with its own `tid` in [0, threads); parallel loops take a static
 * share (`fs_range`), serial code runs on tid 0, and dependent nests are separated by `fs_barrier`. Any `threads` >= 1 gives the
 * right answer; `fs_module.threads` is the number the schedule was made for. They allocate nothing, throw nothing, and expect MXCSR in its
 * default state (round to nearest even, no FTZ, no DAZ).
 *
 * The host provides an `fs_context` with buffers of the sizes in `fs_module`, all aligned to FS_ALIGNMENT bytes. The host may reuse
 * the arena and the scratch between runs, but must keep `packed` as fs_init left it.
 *
 * Plain C (C99 + GNU atomics) and header-only, so that a compiled model needs nothing of ours at link time.
 */
#ifndef FUSIONSCOPE_RUNTIME_ABI_H
#define FUSIONSCOPE_RUNTIME_ABI_H

#include <stdint.h>

#define FS_ABI_VERSION 3u
#define FS_ALIGNMENT 64

#ifdef __cplusplus
#define FS_EXTERN_C extern "C"
extern "C" {
#else
#define FS_EXTERN_C extern
#endif

/* Put before the three exported symbols: FS_EXPORT void fs_run(...) { ... } */
#define FS_EXPORT FS_EXTERN_C __attribute__((visibility("default")))

/* CPU features as declared sets, not a ladder. `fs_module.isa_features` is an OR of these; the host refuses a module whose bits are
 * not all present (and, for AMX, permitted by the kernel). */
#define FS_ISA_AVX2 (1ull << 0)     /* AVX2 + FMA + F16C + BMI2 (x86-64-v3) */
#define FS_ISA_AVX512 (1ull << 1)   /* AVX-512 F + BW + DQ + VL */
#define FS_ISA_VNNI (1ull << 2)     /* AVX512_VNNI */
#define FS_ISA_BF16 (1ull << 3)     /* AVX512_BF16 */
#define FS_ISA_FP16 (1ull << 4)     /* AVX512_FP16 */
#define FS_ISA_AMX_TILE (1ull << 5) /* AMX tile state, permitted by the operating system */
#define FS_ISA_AMX_INT8 (1ull << 6)
#define FS_ISA_AMX_BF16 (1ull << 7)

typedef struct fs_module {
  uint32_t abi_version; /* FS_ABI_VERSION */
  uint32_t threads;     /* the team size the schedule was made for */
  const char* name;
  uint64_t isa_features; /* FS_ISA_* bits that must be present */
  uint32_t inputs;       /* lengths of the fs_context arrays */
  uint32_t outputs;
  uint32_t weights;
  uint32_t regions;             /* region ids are 0 .. regions-1 */
  uint64_t arena_bytes;         /* activations, shared by the team */
  uint64_t packed_bytes;        /* constants prepared by fs_init */
  uint64_t scratch_bytes;       /* per thread; a multiple of 64 */
  const uint64_t* input_bytes;  /* [inputs], or NULL when not recorded */
  const uint64_t* output_bytes; /* [outputs], or NULL */
  const uint64_t* weight_bytes; /* [weights], or NULL */
  uint32_t holes;               /* parts that are not compiled: a host that sets no fs_context.hole refuses a module that has any */
} fs_module;

/* A word that threads write while others poll: it has its cache line for itself. */
typedef struct fs_line {
  int32_t value;
  char pad[60];
} fs_line;

/* A place where a fixed number of threads meet. */
typedef struct fs_gate {
  fs_line arrived;  /* of the current meeting */
  fs_line epoch;    /* meetings completed, the futex word */
  fs_line sleepers; /* threads inside futex_wait, so that the last arriver makes no system call when nobody sleeps */
} fs_gate;

#define FS_MAX_THREADS 256 /* of a team */
#define FS_TEAM_NODE 8     /* threads that share a counter of arrivals: one counter for all would be fetched by every thread in turn */

/* What the threads of a team wait on. Zero it, then set `threads` and `spin` (see fs_team_init). */
typedef struct fs_team {
  int32_t threads;
  int32_t spin; /* polls before a waiting thread sleeps in the kernel; 0: sleep at once (more threads than CPUs) */
  char pad[56];
  fs_gate all;                                 /* counts nodes where there are several, threads otherwise */
  fs_line node[FS_MAX_THREADS / FS_TEAM_NODE]; /* arrivals, by tid / FS_TEAM_NODE */
  fs_gate group[FS_MAX_THREADS / 2];           /* of parts of the team, by (first tid of the part) / 2: see fs_group_barrier */
} fs_team;

typedef struct fs_context {
  void* const* inputs;        /* [inputs], dense row-major tensors; the module only reads them; any alignment */
  void* const* outputs;       /* [outputs], dense row-major tensors; any alignment; never overlapping inputs */
  const void* const* weights; /* [weights], dense row-major, as in the model file; read only by fs_init unless used unpacked */
  unsigned char* packed;
  unsigned char* arena;
  unsigned char* scratch; /* thread t owns [t * scratch_stride, t * scratch_stride + scratch_bytes) */
  uint64_t scratch_stride;
  fs_team* team;
  /* Region accounting; NULL when the host does not want it. Row t (region_stride words apart) belongs to thread t. */
  uint64_t* region_ticks;  /* time-stamp counter sums; written by builds with -DFS_PROFILE only */
  uint64_t* region_counts; /* times entered; written by builds with -DFS_PROFILE only */
  int32_t* region_current; /* the region being executed (or -1), for crash reports; written by every build */
  uint32_t region_stride;  /* words between the rows of two threads in ticks, counts and current */
  /* Runs part `hole` (0 .. holes-1) of the model on the memory of its operands and results: dense row-major tensors, NULL for values that
   * the host keeps itself. Called by tid 0, never twice at a time; it has to return, failed or not, because the other threads wait. */
  void (*hole)(void* hole_host, uint32_t hole, const void* const* operands, void* const* results);
  void* hole_host;
  /* Told when a thread enters (leave: 0) and leaves (1) a region, by builds with -DFS_PROFILE only: for counters. NULL: nobody is. */
  void (*region_event)(void* region_host, int tid, int region, int leave);
  void* region_host;
} fs_context;

/* The three symbols, for hosts that link a module directly or look them up by name. */
typedef void (*fs_entry)(fs_context* ctx, int tid, int threads);
#define FS_SYMBOL_MODULE "fs_module_info"
#define FS_SYMBOL_INIT "fs_init"
#define FS_SYMBOL_RUN "fs_run"

FS_EXTERN_C void fs_init(fs_context* ctx, int tid, int threads) __attribute__((visibility("default")));
FS_EXTERN_C void fs_run(fs_context* ctx, int tid, int threads) __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif
#endif

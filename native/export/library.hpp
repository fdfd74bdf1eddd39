// The functions of model.h over the run-time's host. Included once, behind the generated tables of a model: model_tensor arrays, the places of
// the weights in their file (`weight_places`, `weight_count`, `weight_file_bytes`) and the file's mark (`weight_mark`).
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include "../runtime/host.h"
#include "model.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

struct model {
  fs_host host;
  void* map;
  const void* weights[weight_count > 0 ? weight_count : 1];
};

namespace {

// What compiled code expects: rounding to nearest, no flushing of small numbers. The caller's own settings come back afterwards.
struct usual_arithmetic {
#if defined(__x86_64__)
  const unsigned before = _mm_getcsr();
  usual_arithmetic() { _mm_setcsr(0x1f80); }
  ~usual_arithmetic() { _mm_setcsr(before); }
#endif
};

// Threads have their creator's settings, but the creator's may differ from run to run.
void start_thread(int) {
#if defined(__x86_64__)
  _mm_setcsr(0x1f80);
#endif
}

int map_weights(model* m, const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return MODEL_ERROR_NO_WEIGHTS;
  struct stat s;
  char mark[sizeof weight_mark];
  const bool same = fstat(file, &s) == 0 && static_cast<uint64_t>(s.st_size) == weight_file_bytes &&
                    pread(file, mark, sizeof mark, 0) == static_cast<ssize_t>(sizeof mark) && memcmp(mark, weight_mark, sizeof mark) == 0;
  void* map = same ? mmap(nullptr, weight_file_bytes, PROT_READ, MAP_PRIVATE, file, 0) : nullptr;
  close(file);
  if (!same) return MODEL_ERROR_OTHER_WEIGHTS;
  if (map == MAP_FAILED) return MODEL_ERROR_MEMORY;
  m->map = map;
  for (int i = 0; i < weight_count; i++) m->weights[i] = static_cast<const unsigned char*>(map) + weight_places[i];
  return MODEL_OK;
}

int start_team(model* m, int threads, bool pinned) {
  static const int reasons[] = {MODEL_OK, MODEL_ERROR_PROCESSOR, MODEL_ERROR_MEMORY, MODEL_ERROR_THREADS, MODEL_ERROR_PROCESSOR};
  int cpus[FS_HOST_MAX_THREADS];
  const bool fits = pinned && threads <= fs_cpu_order(cpus, FS_HOST_MAX_THREADS);
  if (fits) {
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpus[0], &own);
    sched_setaffinity(0, sizeof own, &own);
  }
  m->host.on_thread_start = start_thread;
  const uint64_t isa = fs_host_isa() | ((fs_module_info.isa_features & FS_ISA_AMX_TILE) != 0 ? fs_host_request_amx() : 0);
  return reasons[fs_host_open_on(&m->host, &fs_module_info, fs_init, fs_run, m->weights, threads, fits ? cpus : nullptr, isa)];
}

}  // namespace

extern "C" {

model* model_open(const char* weights, int threads, unsigned flags, int* why) {
  const usual_arithmetic hold;
  int failed = MODEL_OK;
  model* m = nullptr;
  if (posix_memalign(reinterpret_cast<void**>(&m), 64, sizeof *m) != 0) {
    m = nullptr;
    failed = MODEL_ERROR_MEMORY;
  } else {
    memset(static_cast<void*>(m), 0, sizeof *m);
    failed = map_weights(m, weights);
    const bool mapped = failed == MODEL_OK;
    if (mapped) failed = start_team(m, threads == 0 ? model_threads : threads, (flags & MODEL_PINNED) != 0);
    if (failed == MODEL_OK) {
      fs_host_init(&m->host);
    } else {
      if (mapped) munmap(m->map, weight_file_bytes);
      free(m);
      m = nullptr;
    }
  }
  if (why != nullptr) *why = failed;
  return m;
}

void model_run(model* m, const void* const* inputs, void* const* outputs) {
  const usual_arithmetic hold;
  fs_host_run(&m->host, const_cast<void* const*>(inputs), outputs);
}

void model_close(model* m) {
  if (m == nullptr) return;
  fs_host_close(&m->host);
  munmap(m->map, weight_file_bytes);
  free(m);
}

const char* model_error_text(int why) {
  static const char* const texts[] = {"no error",
                                      "not enough memory",
                                      "the threads cannot be started (1 to 256)",
                                      "this processor or system lacks the instruction set that the model was compiled for",
                                      "the file of the weights cannot be read",
                                      "the file of the weights does not belong to this library, or it is cut off"};
  return why >= 0 && why < 6 ? texts[why] : "unknown error";
}
}

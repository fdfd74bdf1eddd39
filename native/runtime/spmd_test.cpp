// The run-time of compiled models: static split, barrier and team with more threads than CPUs, what fs_host_open refuses, region
// accounting.
#define FS_PROFILE
#include <algorithm>
#include <vector>

#include "../kernels/testing/check.hpp"
#include "host.h"

namespace {

constexpr int rounds = 400;
std::vector<int64_t> cells;
int64_t init_calls = 0;

void split() {
  for (const int64_t begin : {0, 7})
    for (int64_t n = 0; n <= 40; n++)
      for (int threads = 1; threads <= 9; threads++) {
        int64_t at = begin, shortest = INT64_MAX, longest = 0;
        for (int t = 0; t < threads; t++) {
          int64_t lo, hi;
          fs_range(begin, begin + n, t, threads, &lo, &hi);
          check::that(lo == at && hi >= lo, "fs_range: %lld over %d threads, thread %d", static_cast<long long>(n), threads, t);
          at = hi;
          shortest = std::min(shortest, hi - lo);
          longest = std::max(longest, hi - lo);
        }
        check::that(at == begin + n && longest - shortest <= 1, "fs_range covers %lld over %d threads", static_cast<long long>(n), threads);
      }
}

// Every thread adds what its neighbour wrote before the last barrier: a lost barrier gives a wrong sum.
void ring(fs_context* ctx, int tid, int threads) {
  FS_REGION_BEGIN(ctx, tid, 0);
  int64_t seen = 0;
  for (int i = 0; i < rounds; i++) {
    cells[static_cast<size_t>(tid) * 8] = i * threads + tid;
    fs_barrier(ctx, tid);
    seen += cells[static_cast<size_t>((tid + 1) % threads) * 8];
    fs_barrier(ctx, tid);
  }
  static_cast<int64_t*>(ctx->outputs[0])[tid] = seen;
  FS_REGION_END(ctx, tid, 0);
}
void init(fs_context*, int tid, int) {
  if (tid == 0) init_calls++;
}

void team(int threads) {
  const fs_module module = {FS_ABI_VERSION, 1, "ring", 0, 0, 1, 0, 3, 5u << 20, 100, 64, nullptr, nullptr, nullptr};
  cells.assign(static_cast<size_t>(threads) * 8, 0);
  fs_host host{};
  init_calls = 0;
  check::that(fs_host_open(&host, &module, init, ring, nullptr, threads, nullptr) == FS_HOST_OK, "open with %d threads", threads);
  std::vector<int64_t> sums(static_cast<size_t>(threads));
  void* outputs[] = {sums.data()};
  for (int run = 0; run < 3; run++) {
    fs_host_park(&host, run % 2);
    fs_host_run(&host, nullptr, outputs);
    for (int t = 0; t < threads; t++) {
      const int64_t expected =
          static_cast<int64_t>(rounds) * (rounds - 1) / 2 * threads + static_cast<int64_t>(rounds) * ((t + 1) % threads);
      check::that(sums[t] == expected, "thread %d of %d", t, threads);
    }
  }
  check::that(init_calls == 1, "init ran %lld times", static_cast<long long>(init_calls));
  for (int t = 0; t < threads; t++) {
    const size_t row = static_cast<size_t>(t) * host.context.region_stride;
    check::that(host.context.region_counts[row] == 3 && host.context.region_ticks[row] > 0 && host.context.region_counts[row + 1] == 0,
                "regions of thread %d", t);
    check::that(host.context.region_current[row] == -1, "no region is left marked");
  }
  check::that(
      reinterpret_cast<uintptr_t>(host.context.arena) % FS_HUGE_PAGE == 0 && reinterpret_cast<uintptr_t>(host.context.packed) % 64 == 0,
      "alignment");
  for (int t = 0; t < threads; t++)
    check::that(reinterpret_cast<uintptr_t>(fs_scratch(&host.context, t)) % 64 == 0, "scratch of thread %d", t);
  fs_host_close(&host);
}

void refusals() {
  fs_module module = {FS_ABI_VERSION + 1, 1, "", 0, 0, 0, 0, 0, 0, 0, 0, nullptr, nullptr, nullptr};
  fs_host host{};
  check::that(fs_host_open(&host, &module, init, ring, nullptr, 1, nullptr) == FS_HOST_ERROR_ABI, "another ABI version");
  module.abi_version = FS_ABI_VERSION;
  module.isa_features = FS_ISA_AMX_TILE;
  check::that(fs_host_open(&host, &module, init, ring, nullptr, 1, nullptr) == FS_HOST_ERROR_ISA, "missing features");
  module.isa_features = 0;
  check::that(fs_host_open(&host, &module, init, ring, nullptr, 0, nullptr) == FS_HOST_ERROR_THREADS, "no threads");
  module.arena_bytes = 1ull << 60;
  check::that(fs_host_open(&host, &module, init, ring, nullptr, 1, nullptr) == FS_HOST_ERROR_MEMORY, "an arena beyond the address space");
}

}  // namespace

int main() {
  split();
  for (const int threads : {1, 2, 3, 5}) team(threads);
  refusals();
  return check::finish();
}

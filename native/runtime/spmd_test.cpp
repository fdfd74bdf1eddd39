// The run-time of compiled models: static split, grids and sums of parts, barriers of teams and of their parts with more threads than CPUs, no
// allocation while running, what fs_host_open refuses, region accounting.
#define FS_PROFILE
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "../kernels/testing/check.hpp"
#include "host.h"

namespace {

// Calls of the allocator, in any thread, while `counting`: those of the C library are replaced below.
std::atomic<int64_t> allocations{0};
std::atomic<bool> counting{false};

constexpr int rounds = 200;
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
  const fs_module module = {FS_ABI_VERSION, 1, "ring", 0, 0, 1, 0, 3, 5u << 20, 100, 64, nullptr, nullptr, nullptr, 0};
  cells.assign(static_cast<size_t>(threads) * 8, 0);
  fs_host host{};
  init_calls = 0;
  check::that(fs_host_open(&host, &module, init, ring, nullptr, threads, nullptr) == FS_HOST_OK, "open with %d threads", threads);
  std::vector<int64_t> sums(static_cast<size_t>(threads));
  void* outputs[] = {sums.data()};
  for (int run = 0; run < 3; run++) {
    fs_host_park(&host, run % 2);
    counting = true;
    fs_host_run(&host, nullptr, outputs);
    counting = false;
    check::that(allocations == 0, "%lld allocations in a run with %d threads", static_cast<long long>(allocations), threads);
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

// Every grid of every team: places are taken once, threads of one sum follow each other, and no thread of the team's part is left out.
void grids() {
  for (int threads = 1; threads <= 33; threads++)
    for (const auto& [m, n, k] : {std::array<int, 3>{1, 1, 1}, {4, 1, 1}, {2, 2, 2}, {1, 1, 8}, {3, 5, 2}, {1, 7, 3}, {40, 1, 2}}) {
      std::vector<int> taken;
      for (int tid = 0; tid < threads; tid++) {
        const fs_grid g = fs_grid_of(tid, threads, m, n, k);
        check::that(g.m >= 1 && g.n >= 1 && g.k >= 1 && g.m <= m && g.n <= n && g.k <= k && g.m * g.n * g.k <= threads,
                    "grid %d x %d x %d of %d threads", m, n, k, threads);
        check::that(m * n * k > threads || (g.m == m && g.n == n && g.k == k), "a grid that fits is not changed");
        check::that(!g.active || (g.im < g.m && g.in < g.n && g.ik < g.k && g.ik == tid % g.k), "place of thread %d", tid);
        if (g.active) taken.push_back((g.im * g.n + g.in) * g.k + g.ik);
      }
      const fs_grid g = fs_grid_of(0, threads, m, n, k);
      check::that(static_cast<int>(taken.size()) == g.m * g.n * g.k, "all places of %d x %d x %d", m, n, k);
      for (size_t i = 0; i < taken.size(); i++) check::that(taken[i] == static_cast<int>(i), "places in order");
    }
}

// Sums shared by parts of a team: each thread writes its part, waits for its group alone, and adds up its share of the elements. The parts
// of different groups are of different length, so that groups are never in step.
constexpr int64_t elements = 37;
std::vector<float> parts, totals;
void split_sums(fs_context* ctx, int tid, int threads) {
  for (int size = 1; size <= threads; size++) {
    const int first = tid / size * size, count = std::min(size, threads - first);
    for (int round = 0; round < 5 + tid / size % 3; round++) {
      for (int64_t i = 0; i < elements; i++) parts[static_cast<size_t>(tid) * elements + i] = static_cast<float>(tid + i * round);
      fs_group_barrier(ctx, tid, size);
      int64_t lo, hi;
      fs_range(0, elements, tid - first, count, &lo, &hi);
      fs_sum_parts_f32(&totals[static_cast<size_t>(first) * elements], &parts[static_cast<size_t>(first) * elements], elements, count, lo, hi);
      for (int64_t i = lo; i < hi; i++) {
        const int64_t expected = static_cast<int64_t>(count) * (2 * first + count - 1) / 2 + count * i * round;
        if (static_cast<int64_t>(totals[static_cast<size_t>(first) * elements + i]) != expected)
          static_cast<int64_t*>(ctx->outputs[0])[tid]++;
      }
      fs_group_barrier(ctx, tid, size);
    }
    fs_barrier(ctx, tid);
  }
}

void groups(int threads) {
  const fs_module module = {FS_ABI_VERSION, 1, "groups", 0, 0, 1, 0, 1, 0, 0, 0, nullptr, nullptr, nullptr, 0};
  parts.assign(static_cast<size_t>(threads) * elements, 0);
  totals = parts;
  fs_host host{};
  check::that(fs_host_open(&host, &module, init, split_sums, nullptr, threads, nullptr) == FS_HOST_OK, "open with %d threads", threads);
  std::vector<int64_t> wrong(static_cast<size_t>(threads));
  void* outputs[] = {wrong.data()};
  fs_host_run(&host, nullptr, outputs);
  for (int t = 0; t < threads; t++) check::that(wrong[t] == 0, "sums of thread %d of %d", t, threads);
  fs_host_close(&host);

  const int32_t most[] = {INT32_MAX, 1, 7, 1};
  int32_t sum[2];
  fs_sum_parts_i32(sum, most, 2, 2, 0, 2);
  check::that(sum[0] == INT32_MIN + 6 && sum[1] == 2, "integer sums wrap");
}

void refusals() {
  fs_module module = {FS_ABI_VERSION + 1, 1, "", 0, 0, 0, 0, 0, 0, 0, 0, nullptr, nullptr, nullptr, 0};
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

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define FS_COUNTS_ALLOCATIONS
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* malloc(size_t n) {
  allocations += counting;
  return __libc_malloc(n);
}
void* calloc(size_t n, size_t size) {
  allocations += counting;
  return __libc_calloc(n, size);
}
void* realloc(void* p, size_t n) {
  allocations += counting;
  return __libc_realloc(p, n);
}
}
#endif

// The counter itself: what it cannot see, it would call none.
static void counts() {
#ifdef FS_COUNTS_ALLOCATIONS
  counting = true;
  void* volatile p = std::malloc(100);
  counting = false;
  std::free(p);
  check::that(allocations == 1, "an allocation is seen");
  allocations = 0;
#endif
}

int main() {
  counts();
  split();
  grids();
  for (const int threads : {1, 2, 3, 7, 16, 32}) team(threads);
  for (const int threads : {1, 2, 3, 7, 16, 32}) groups(threads);
  refusals();
  return check::finish();
}

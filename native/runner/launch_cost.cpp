#include "launch_cost.hpp"

#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "../runtime/host.h"
#include "clock.hpp"
#include "cpu.hpp"
#include "failure.hpp"

namespace runner {

namespace {

// Nests and barriers of one burst: long enough for the clock, short enough to fall between two interruptions.
constexpr int burst = 500;

// The entry points that a compiler's OpenMP code calls.
struct openmp {
  void (*parallel)(void (*)(void*), void*, unsigned, unsigned) = nullptr;
  void (*barrier)() = nullptr;
  int (*thread_number)() = nullptr;
  std::string why;
};

// Loaded while this thread may use all CPUs: libgomp counts them once, and its threads inherit the mask.
const openmp& gomp() {
  static const openmp found = [] {
    openmp o;
    void* library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      o.why = "libgomp.so.1 does not load: it comes with g++";
      return o;
    }
    o.parallel = reinterpret_cast<decltype(o.parallel)>(dlsym(library, "GOMP_parallel"));
    o.barrier = reinterpret_cast<decltype(o.barrier)>(dlsym(library, "GOMP_barrier"));
    o.thread_number = reinterpret_cast<decltype(o.thread_number)>(dlsym(library, "omp_get_thread_num"));
    if (o.parallel == nullptr || o.barrier == nullptr || o.thread_number == nullptr) o.why = "libgomp.so.1 lacks GOMP_parallel";
    return o;
  }();
  return found;
}

void nothing(fs_context*, int, int) {}
void barriers(fs_context* ctx, int tid, int) {
  for (int i = 0; i < burst; i++) fs_barrier(ctx, tid);
}
void gomp_nothing(void*) {}
void gomp_barriers(void*) {
  for (int i = 0; i < burst; i++) gomp().barrier();
}
void gomp_pin(void* cpus) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<const int*>(cpus)[gomp().thread_number()], &one);
  sched_setaffinity(0, sizeof one, &one);
}

using samples = std::vector<double>;

template <class F>
void measure(samples& out, const F& work) {
  work();  // brings the threads back
  const int64_t start = now_ns();
  work();
  out.push_back(static_cast<double>(now_ns() - start) / burst);
}

json::value list(const samples& all) {
  json::array out;
  for (const double x : all) out.push_back(x);
  return out;
}

struct ours {
  fs_host host{};
  ours(int threads, const std::vector<int>& cpus) {
    static const fs_module module = {FS_ABI_VERSION, 1, "nothing", 0, 0, 0, 0, 1, 0, 0, 0, nullptr, nullptr, nullptr, 0};
    const bool pinned = threads <= static_cast<int>(cpus.size());
    if (fs_host_open_on(&host, &module, nothing, nothing, nullptr, threads, pinned ? cpus.data() : nullptr, 0) != FS_HOST_OK)
      throw failure("threads", "cannot start " + std::to_string(threads) + " threads");
    fs_host_init(&host);
  }
  ~ours() { fs_host_close(&host); }
  ours(const ours&) = delete;
};

json::value cost_of(int threads, double seconds) {
  const std::vector<int> cpus = cpu_order();
  const bool fits = threads <= static_cast<int>(cpus.size());
  unpin_main_thread();
  const openmp& omp = gomp();
  ours team(threads, cpus);
  const bool beside = omp.why.empty() && fits;
  const auto count = static_cast<unsigned>(threads);
  if (beside) omp.parallel(gomp_pin, const_cast<int*>(cpus.data()), count, 0);
  pin_main_thread();
  samples launch, barrier, omp_launch, omp_barrier;
  const int64_t end = now_ns() + static_cast<int64_t>(seconds * 1e9);
  do {
    fs_host_park(&team.host, 0);
    measure(launch, [&] {
      for (int i = 0; i < burst; i++) fs_host_job(&team.host, nothing);
    });
    measure(barrier, [&] { fs_host_job(&team.host, barriers); });
    fs_host_park(&team.host, 1);
    if (!beside) continue;
    measure(omp_launch, [&] {
      for (int i = 0; i < burst; i++) omp.parallel(gomp_nothing, nullptr, count, 0);
    });
    measure(omp_barrier, [&] { omp.parallel(gomp_barriers, nullptr, count, 0); });
    if (threads > 1) usleep(15000);  // its threads go on polling for a while
  } while (now_ns() < end);
  json::value other = beside ? json::object{{"valid", true}, {"launchNs", list(omp_launch)}, {"barrierNs", list(omp_barrier)}}
                             : json::object{{"valid", false}, {"why", omp.why.empty() ? "more threads than CPUs: it would only wait" : omp.why}};
  return json::object{{"threads", threads}, {"launchNs", list(launch)}, {"barrierNs", list(barrier)}, {"openmp", std::move(other)}};
}

}  // namespace

json::value launch_cost(const std::vector<int>& threads, double seconds) {
  json::array all;
  for (const int n : threads) {
    if (n < 1 || n > FS_HOST_MAX_THREADS) throw failure("threads", "a team has 1 to " + std::to_string(FS_HOST_MAX_THREADS) + " threads");
    all.push_back(cost_of(n, seconds));
  }
  return json::object{{"teams", std::move(all)}};
}

}  // namespace runner

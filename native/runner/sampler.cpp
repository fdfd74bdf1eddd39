#include "sampler.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "clock.hpp"
#include "failure.hpp"

namespace runner {

namespace {

constexpr size_t most_samples = 1 << 20;
std::atomic<size_t> taken{0};
uintptr_t* samples = nullptr;

void on_timer(int, siginfo_t*, void* context) {
  const size_t i = taken.fetch_add(1, std::memory_order_relaxed);
  if (i >= most_samples) return;
#if defined(__x86_64__)
  samples[i] = static_cast<uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#else
  (void)context;
  samples[i] = 0;
#endif
}

// Timers of all threads of the team. The kernel's thread ids come from an SPMD call that every thread of the team makes.
class timers {
 public:
  timers(compiled_module& m, double hz) {
    const std::vector<pid_t> ids = m.thread_ids();
    for (const pid_t id : ids) {
      sigevent e{};
      e.sigev_notify = SIGEV_THREAD_ID;
      e.sigev_signo = SIGPROF;
      e._sigev_un._tid = id;
      timer_t t;
      if (timer_create(CLOCK_MONOTONIC, &e, &t) != 0) throw failure("unsupported", "cannot create a sampling timer: " + errno_text());
      list_.push_back(t);
      const auto period = static_cast<long>(1e9 / hz);
      const itimerspec every{{period / 1000000000, period % 1000000000}, {period / 1000000000, period % 1000000000}};
      timer_settime(t, 0, &every, nullptr);
    }
  }
  ~timers() {
    for (const timer_t t : list_) timer_delete(t);
  }

 private:
  std::vector<timer_t> list_;
};

}  // namespace

json::value sample_module(compiled_module& m, double seconds, double hz, const std::function<bool(double)>& progress) {
  hz = std::clamp(hz, 1.0, 10000.0);
  std::vector<uintptr_t> memory(most_samples);
  samples = memory.data();
  taken = 0;
  struct sigaction action{}, before{};
  action.sa_sigaction = on_timer;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigaction(SIGPROF, &action, &before);
  m.park(false);
  m.run();
  int64_t runs = 0, reported = now_ns();
  const int64_t start = reported;
  bool go_on = true;
  {
    const timers running(m, hz);
    while (go_on && static_cast<double>(now_ns() - start) < seconds * 1e9) {
      m.run();
      runs++;
      if (now_ns() - reported > 250000000) {
        reported = now_ns();
        go_on = progress(static_cast<double>(reported - start) / (seconds * 1e9));
      }
    }
  }
  m.park(true);
  signal(SIGPROF, SIG_IGN);  // a signal may still be on its way
  const double measured = static_cast<double>(now_ns() - start) * 1e-9;
  if (!go_on) throw failure("cancelled", "sampling was cancelled");
  std::map<uintptr_t, int64_t> histogram;
  int64_t outside = 0;
  const size_t n = std::min(taken.load(), most_samples);
  for (size_t i = 0; i < n; i++) {
    if (memory[i] >= m.base() && memory[i] < m.end())
      histogram[memory[i] - m.base()]++;
    else
      outside++;
  }
  json::array offsets;
  for (const auto& h : histogram) offsets.push_back(json::array{static_cast<uint64_t>(h.first), h.second});
  return json::object{{"samples", static_cast<uint64_t>(n)},
                      {"outside", outside},
                      {"offsets", std::move(offsets)},
                      {"runs", runs},
                      {"seconds", measured},
                      {"hz", hz},
                      {"clock", "CLOCK_MONOTONIC timer signal"}};
}

}  // namespace runner

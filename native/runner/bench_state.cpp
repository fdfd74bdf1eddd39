#include "bench_state.hpp"

#include <sched.h>

#include <algorithm>

#include "clock.hpp"
#include "cpu.hpp"

namespace runner {

double chain_ghz() {
#if defined(__x86_64__)
  double best = 0;
  for (int stretch = 0; stretch < 5; stretch++) {
    constexpr int64_t rounds = 20000, additions = 32;
    uint64_t x = 0;
    const int64_t start = now_ns();
    for (int64_t i = 0; i < rounds; i++)
      asm volatile(
          ".rept 32\n\t"
          "add $1, %0\n\t"
          ".endr"
          : "+r"(x));
    const int64_t ns = now_ns() - start;
    if (ns > 0) best = std::max(best, static_cast<double>(rounds * additions) / static_cast<double>(ns));
  }
  return best;
#else
  return 0;
#endif
}

void cache_sweeper::sweep() {
  constexpr size_t line = 64;
  for (const int cpu : cpu_order()) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(cpu), &one);
    sched_setaffinity(0, sizeof one, &one);
    for (size_t i = 0; i < memory_.size(); i += line) memory_[i]++;
  }
  pin_main_thread();
}

}  // namespace runner

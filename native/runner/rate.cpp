#include "rate.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "clock.hpp"
#include "cpu.hpp"

namespace runner {

double rate(int threads, double seconds, const std::function<double(int)>& work) {
  const std::vector<int> cpus = cpu_order();
  constexpr double stretch_ns = 2e6;
  const int stretches = std::max(5, static_cast<int>(seconds * 1e9 / stretch_ns));
  std::vector<double> rates(static_cast<size_t>(threads) * static_cast<size_t>(stretches));
  std::atomic<int> arrived{0};
  const auto body = [&](int tid) {
    if (tid > 0 && tid < static_cast<int>(cpus.size())) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpus[static_cast<size_t>(tid)], &one);
      sched_setaffinity(0, sizeof one, &one);
    }
    work(tid);
    for (int stretch = 0; stretch < stretches; stretch++) {
      arrived++;
      while (arrived.load() < threads * (stretch + 1)) std::this_thread::yield();
      double done = 0;
      const int64_t start = now_ns();
      int64_t end = start;
      do {
        done += work(tid);
        end = now_ns();
      } while (static_cast<double>(end - start) < stretch_ns);
      rates[static_cast<size_t>(stretch * threads + tid)] = done / (static_cast<double>(end - start) * 1e-9);
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; t++) others.emplace_back(body, t);
  body(0);
  for (auto& t : others) t.join();
  double best = 0;
  for (int stretch = 0; stretch < stretches; stretch++) {
    double sum = 0;
    for (int t = 0; t < threads; t++) sum += rates[static_cast<size_t>(stretch * threads + t)];
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace runner

// Timing for the kernel benches: best of many short stretches, and the f32 FMA, VNNI and bf16 peaks measured by the same clock right
// beside.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "../../runner/clock.hpp"
#include "../../runner/peak_loops.hpp"
#include "../../runtime/host.h"
#include "../../simd/simd.hpp"

namespace bench {

// CPU time of this thread: the benches have one thread, and what else runs on a shared machine is not their time.
inline int64_t cpu_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

// Runs f for about `seconds`, returns the rate of the best stretch of at least 1 ms, in units per nanosecond; f returns the units it did.
// Short stretches, because others on a shared machine also take cache and bandwidth away, for milliseconds at a time.
template <class F>
double best_rate(double seconds, F&& f) {
  f();
  // Asking for CPU time is a system call: often enough to see short stretches, rarely enough to cost nothing.
  int batch = 1;
  for (int64_t ns = 0; ns < 200000 && batch < 1 << 20; batch *= 2) {
    const int64_t start = cpu_ns();
    for (int i = 0; i < batch; i++) f();
    ns = cpu_ns() - start;
  }
  double best = 0;
  const int64_t begin = cpu_ns();
  do {
    double done = 0;
    const int64_t start = cpu_ns();
    int64_t end = start;
    do {
      for (int i = 0; i < batch; i++) done += f();
      end = cpu_ns();
    } while (end - start < 1000000);
    best = std::max(best, done / static_cast<double>(end - start));
  } while (static_cast<double>(cpu_ns() - begin) < seconds * 1e9);
  return best;
}

// A measured peak beside each figure: `operations` per instruction of `loop`.
struct peak {
  double (*loop)(int);
  double operations;
  double now() const {
    return best_rate(0.05, [&] { return loop(0) * operations; });
  }
};

// Peaks of the widest multiply-adds that the program is built for.
#if defined(FS_SIMD_AVX512)
inline const peak fma_peak{runner::fma_avx512, 32};
#elif defined(FS_SIMD_AVX2)
inline const peak fma_peak{runner::fma_avx2, 16};
#else
inline const peak fma_peak{runner::fma_avx2, 2};  // one lane of it
#endif
#if defined(FS_SIMD_AVX512) && defined(__AVX512VNNI__)
inline const peak int8_peak{runner::vnni_avx512, 128};
#else
inline const peak int8_peak = fma_peak;
#endif

// A figure that is bound by memory: `rate` bytes per nanosecond of `megabytes`.
inline void bandwidth(const char* name, double megabytes, double rate) {
  std::printf("{\"name\":\"%s, %.1f MB of B\",\"simd\":\"%s\",\"gbs\":%.1f}\n", name, megabytes, fs::simd_name, rate);
  std::fflush(stdout);
}

// Figure and peak in turns, nine times; prints the best figures and the median of the nine fractions, so that a slow (or, by the accounting
// of CPU time, a too fast) moment of a shared machine does not decide.
template <class F>
double report(const char* name, const peak& p, F&& f, double seconds = 0.25) {
  constexpr int turns = 9;
  double fractions[turns], figure = 0, top = 0;
  for (double& fraction : fractions) {
    const double limit = std::max(p.now(), 1e-9), rate = best_rate(seconds / turns, f);
    fraction = rate / limit;
    figure = std::max(figure, rate);
    top = std::max(top, limit);
  }
  std::nth_element(fractions, fractions + turns / 2, fractions + turns);
  const double middle = fractions[turns / 2];
  std::printf("{\"name\":\"%s\",\"simd\":\"%s\",\"gops\":%.1f,\"peak\":%.1f,\"fraction\":%.3f}\n", name, fs::simd_name, figure, top,
              middle);
  std::fflush(stdout);
  return middle;
}

// 64-byte aligned (2 MB when large) memory filled with small numbers.
template <class T>
struct array {
  explicit array(int64_t n, int modulus = 17) {
    if (fs_buffer_open(&buffer, static_cast<uint64_t>(n) * sizeof(T) + 64) != 0) std::abort();
    p = reinterpret_cast<T*>(buffer.p);
    for (int64_t i = 0; i < n; i++) p[i] = static_cast<T>((i * 7 + i / 5) % modulus - modulus / 2) * static_cast<T>(1);
  }
  ~array() { fs_buffer_close(&buffer); }
  array(const array&) = delete;
  fs_buffer buffer;
  T* p;
};

}  // namespace bench

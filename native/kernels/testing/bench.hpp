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

// Runs f for about `seconds`, returns the rate of the best stretch of at least 1 ms, in units per nanosecond; f returns the units it did.
// Short stretches, because a shared machine takes the CPU away for several milliseconds at a time.
template <class F>
double best_rate(double seconds, F&& f) {
  f();
  double best = 0;
  const int64_t begin = runner::now_ns();
  do {
    double done = 0;
    const int64_t start = runner::now_ns();
    int64_t end = start;
    do {
      done += f();
      end = runner::now_ns();
    } while (end - start < 1000000);
    best = std::max(best, done / static_cast<double>(end - start));
  } while (static_cast<double>(runner::now_ns() - begin) < seconds * 1e9);
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

// Figure and peak in turns, five times; prints and returns the best fraction, so that a slow moment of a shared machine hits both.
template <class F>
double report(const char* name, const peak& p, F&& f, double seconds = 0.25) {
  double fraction = 0, figure = 0, top = 0;
  for (int i = 0; i < 5; i++) {
    const double limit = std::max(p.now(), 1e-9), rate = best_rate(seconds / 5, f);
    figure = std::max(figure, rate);
    top = std::max(top, limit);
  }
  fraction = figure / top;
  std::printf("{\"name\":\"%s\",\"simd\":\"%s\",\"gops\":%.1f,\"peak\":%.1f,\"fraction\":%.3f}\n", name, fs::simd_name, figure, top,
              fraction);
  std::fflush(stdout);
  return fraction;
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

// The clock of all measurements, and the rate of the time-stamp counter that region times are counted in.
#pragma once

#include <cstdint>
#include <ctime>

#include "../runtime/spmd.h"

namespace runner {

inline int64_t now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ll + t.tv_nsec;
}

// Ticks of fs_ticks() per nanosecond, measured once over 20 ms.
inline double ticks_per_ns() {
  static const double rate = [] {
    const int64_t t0 = now_ns();
    const uint64_t c0 = fs_ticks();
    while (now_ns() - t0 < 20000000) fs_cpu_relax();
    const int64_t t1 = now_ns();
    return static_cast<double>(fs_ticks() - c0) / static_cast<double>(t1 - t0);
  }();
  return rate;
}

}  // namespace runner

// How fast something can be done again and again: the loop behind every measured peak and bandwidth.
#pragma once

#include <functional>

namespace runner {

// Runs `work(tid)`, which does some work and returns how much, on `threads` threads pinned in the order of cpu_order() for about `seconds`;
// returns the summed rate per second. The best of many stretches of 2 ms, each begun together: a shared machine takes the CPU away for
// longer than that, and a peak is what it can do when left alone.
double rate(int threads, double seconds, const std::function<double(int)>& work);

}  // namespace runner

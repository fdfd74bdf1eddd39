// What this machine can do at most, measured: the yardstick of every "fraction of peak". Each arithmetic peak is checked against operations
// per cycle times the frequency seen by a chain of dependent additions (one per cycle on every x86-64) in the same moment.
#pragma once

#include "json.hpp"

namespace runner {

// {threads, ghz, fmaF32: {valid, gops, perCycle, why}, vnniInt8, bf16, amxInt8, amxBf16, copyGBs, read: [{bytes, gbs}]}; sums over all
// threads.
json::value peaks(int threads, double seconds);

}  // namespace runner

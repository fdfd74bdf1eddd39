// Where the time goes, instruction by instruction: a timer signal per thread records the interrupted instruction pointer while the module
// runs.
#pragma once

#include <functional>

#include "module.hpp"

namespace runner {

// Samples for `seconds` at `hz` per thread (wall clock, so that waiting shows too):
// {samples, outside (not in the module: barriers' system calls, libraries), offsets: [[offset, count]...], runs, seconds, hz, clock}.
// The interrupted instruction is the one after that which was waited for (skid of one or more instructions).
json::value sample_module(compiled_module& m, double seconds, double hz, const std::function<bool(double)>& progress);

}  // namespace runner

// Event counters of the kernel's perf interface: hardware ones where the machine gives access to them, software ones always. A counter that
// cannot be read says why; it is never reported as 0.
#pragma once

#include "json.hpp"
#include "module.hpp"

namespace runner {

// [{name, kind, valid, why}] of all known counters, tried on this thread.
json::value describe_counters();

class counter_set {
 public:
  // Runs the module for about 50 ms with the counters of all its threads on:
  // {name: {valid, value (per run), why, scale (enabled / running time; > 1: extrapolated)}}.
  json::value measure(compiled_module& m);
};

}  // namespace runner

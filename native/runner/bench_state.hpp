// The state of the machine around a measurement: its frequency, and caches without the data of the last run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace runner {

// GHz seen by a chain of dependent additions (one per cycle) on the calling thread's CPU: the best of some stretches of 0.2 ms; 0: not known.
double chain_ghz();

// Memory larger than the caches; `sweep` writes all of it on every CPU, so that nothing else is left in them. A CPU's own caches are
// only emptied by what runs on it.
class cache_sweeper {
 public:
  explicit cache_sweeper(int64_t bytes) : memory_(static_cast<size_t>(bytes)) {}
  void sweep();

 private:
  std::vector<unsigned char> memory_;
};

}  // namespace runner

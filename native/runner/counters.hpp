// Event counters of the kernel's perf interface: what is counted comes from the client (compiler-core/counters), which knows the processor.
// A counter that cannot be read says why; it is never reported as 0.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "json.hpp"
#include "module.hpp"
#include "perf_layer.hpp"

namespace runner {

enum class counter_kind { hardware, software, uncore };

struct counter_event {
  std::string name;
  counter_kind kind;
  std::string unit;  // `hardware`, `software`, `cache` (the kernel's own numbers), or a monitoring unit's name
  uint64_t config;
  int group;     // events of a group are counted over the same time
  double scale;  // the value of one count, such as the bytes of a transfer
};

std::vector<counter_event> counter_events(const json::value& list);

// What was counted of one event: sums of the raw counts, and of the times that it was enabled and on a counter.
struct counted {
  double value = 0, enabled = 0, running = 0;
  bool opened = false;
  int error = 0;  // errno of the last attempt to open it
  void add(const counted& other);
};

// Why an event cannot be opened, and the command that changes it where there is one.
std::string counter_reason(const counter_event& e, int error, perf_layer& perf);
// {valid, value (of one of `runs`, extrapolated), scale (enabled over running time), why}
json::value counter_value(const counter_event& e, const counted& c, double runs, perf_layer& perf);

// The events of one thread, or (thread -1) of the sockets, opened in their groups. An event that does not fit into its group is counted
// alone.
class open_counters {
 public:
  open_counters(const std::vector<counter_event>& events, pid_t thread, perf_layer& perf);
  ~open_counters();
  open_counters(open_counters&&) noexcept;
  open_counters(const open_counters&) = delete;
  void control(unsigned long request);
  // Counts since they were opened; `into` has one place per event. Allocates nothing.
  void read(counted* into);

 private:
  struct group {
    int leader;
    std::vector<size_t> members;  // positions of the events, in the order that the kernel reports them
    std::vector<int> fds;
  };
  void open_event(size_t at, pid_t thread, int cpu, uint32_t type, size_t first);
  const std::vector<counter_event>& events_;
  perf_layer& perf_;
  std::vector<group> groups_;
  std::vector<counted> state_;  // opened and error
};

// [{name, kind, valid, why}] of all events, tried on this thread.
json::value describe_counters(const std::vector<counter_event>& events, perf_layer& perf);

// Runs the module for about 50 ms with the counters of all its threads (and of the sockets) on: {name: {valid, value (per run), scale,
// why}}.
json::value measure_counters(const std::vector<counter_event>& events, perf_layer& perf, compiled_module& m);

// Counts per thread and region of a module built with -DFS_PROFILE, over `runs` runs:
// {runs, threads: [[{name: {...as above, per run}} or null where the thread was never in the region, by region], ...]}. Counters of sockets
// are left out: they know no thread. Each boundary of a region costs a system call per group, so times are taken in other runs.
json::value region_counters(const std::vector<counter_event>& events, perf_layer& perf, compiled_module& m, int64_t runs);

}  // namespace runner

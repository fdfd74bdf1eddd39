// The kernel's perf interface, behind which tests put a machine of their own.
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace runner {

class perf_layer {
 public:
  virtual ~perf_layer() = default;
  // A file descriptor, or -errno. `thread` -1 with a `cpu`: everything that runs there.
  virtual int open(const perf_event_attr& attributes, pid_t thread, int cpu, int leader) = 0;
  // PERF_EVENT_IOC_ENABLE, _DISABLE or _RESET, of the whole group.
  virtual void control(int fd, unsigned long request) = 0;
  // How many words were read; -errno.
  virtual int read(int fd, uint64_t* words, int count) = 0;
  virtual void close(int fd) = 0;
  // The type numbers of a monitoring unit (`cpu`, `uncore_imc`: all whose names begin so and go on with nothing or _NUMBER); empty: there
  // is none.
  virtual std::vector<uint32_t> types_of(const std::string& unit) = 0;
  // The CPUs on which a unit that is not a core's own is opened: one per socket.
  virtual std::vector<int> cpus_of(const std::string& unit) = 0;
  // kernel.perf_event_paranoid; 99: unknown.
  virtual int paranoid() = 0;
};

// The kernel itself.
perf_layer& system_perf();

}  // namespace runner

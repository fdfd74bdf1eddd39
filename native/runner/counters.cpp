#include "counters.hpp"

#include <dirent.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "clock.hpp"
#include "cpu.hpp"
#include "failure.hpp"

namespace runner {

namespace {

enum class maker { any, intel, amd };

struct event {
  const char* name;
  maker vendor;
  uint32_t type;
  uint64_t config;
  int group;  // events of a group are counted over the same time
};

constexpr uint64_t cache_event(uint64_t cache, uint64_t op, uint64_t result) { return cache | (op << 8) | (result << 16); }
// Raw events are event | umask << 8 (Intel: Sapphire Rapids perfmon tables; AMD: Zen 4 PPR).
constexpr uint64_t raw(uint64_t code, uint64_t umask) { return code | (umask << 8); }

const event events[] = {
    {"cycles", maker::any, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0},
    {"instructions", maker::any, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 0},
    {"branch-misses", maker::any, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, 0},
    {"l1d-load-misses", maker::any, PERF_TYPE_HW_CACHE,
     cache_event(PERF_COUNT_HW_CACHE_L1D, PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_MISS), 1},
    {"l2-misses", maker::intel, PERF_TYPE_RAW, raw(0x24, 0x3f), 1},
    {"l2-misses", maker::amd, PERF_TYPE_RAW, raw(0x64, 0x09), 1},
    {"llc-misses", maker::any, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, 1},
    {"dtlb-load-misses", maker::any, PERF_TYPE_HW_CACHE,
     cache_event(PERF_COUNT_HW_CACHE_DTLB, PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_MISS), 1},
    {"fp-arith-512b-single", maker::intel, PERF_TYPE_RAW, raw(0xc7, 0x80), 2},
    {"fp-arith-256b-single", maker::intel, PERF_TYPE_RAW, raw(0xc7, 0x20), 2},
    {"amx-busy-cycles", maker::intel, PERF_TYPE_RAW, raw(0xb7, 0x02), 2},
    {"topdown-slots", maker::intel, PERF_TYPE_RAW, raw(0xa4, 0x01), 2},
    {"task-clock", maker::any, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, 3},
    {"page-faults", maker::any, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 3},
    {"context-switches", maker::any, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, 3},
    {"cpu-migrations", maker::any, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, 3},
};

maker this_vendor() {
  static const maker v = [] {
    const std::string name = describe_cpu()["vendor"].as_string();
    return name == "GenuineIntel" ? maker::intel : name == "AuthenticAMD" ? maker::amd : maker::any;
  }();
  return v;
}

// Why an event cannot be opened, in words.
std::string reason(const event& e, int error) {
  if (error == ENOENT || error == ENODEV || error == EOPNOTSUPP)
    return e.type == PERF_TYPE_SOFTWARE ? "not supported by the kernel"
                                        : "no performance monitoring unit is visible (typical for a virtual machine)";
  if (error == EACCES || error == EPERM) return "not permitted (kernel.perf_event_paranoid, or a container's seccomp filter)";
  if (error == ENOSYS) return "the kernel has no perf events";
  if (error == EINVAL) return "this processor does not know the event";
  return std::strerror(error);
}

int open_event(const event& e, pid_t thread, int leader) {
  perf_event_attr a;
  std::memset(&a, 0, sizeof a);
  a.size = sizeof a;
  a.type = e.type;
  a.config = e.config;
  a.disabled = leader < 0 ? 1 : 0;
  a.exclude_kernel = e.type == PERF_TYPE_SOFTWARE ? 0 : 1;
  a.exclude_hv = 1;
  a.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return static_cast<int>(syscall(SYS_perf_event_open, &a, thread, -1, leader, PERF_FLAG_FD_CLOEXEC));
}

std::vector<pid_t> all_threads() {
  std::vector<pid_t> ids;
  DIR* d = opendir("/proc/self/task");
  if (d == nullptr) return ids;
  while (const dirent* e = readdir(d))
    if (e->d_name[0] != '.') ids.push_back(std::atoi(e->d_name));
  closedir(d);
  return ids;
}

struct counted {
  double value = 0, enabled = 0, running = 0;
  int error = 0;
  bool opened = false;
};

// The events of one thread, opened in their groups.
class thread_events {
 public:
  explicit thread_events(pid_t thread, std::vector<counted>& sums) : sums_(sums) {
    int leaders[4] = {-1, -1, -1, -1};
    for (size_t i = 0; i < std::size(events); i++) {
      const event& e = events[i];
      fds_.push_back(-1);
      if (e.vendor != maker::any && e.vendor != this_vendor()) continue;
      int& leader = leaders[e.group];
      fds_[i] = open_event(e, thread, leader);
      if (fds_[i] < 0 && leader >= 0) fds_[i] = open_event(e, thread, -1);  // the group is full: count it alone
      if (fds_[i] < 0)
        sums[i].error = errno;
      else
        sums[i].opened = true;
      if (leader < 0) leader = fds_[i];
    }
  }
  thread_events(thread_events&& other) noexcept : fds_(std::move(other.fds_)), sums_(other.sums_) { other.fds_.clear(); }
  ~thread_events() {
    for (const int fd : fds_)
      if (fd >= 0) close(fd);
  }
  void control(unsigned long request) const {
    for (const int fd : fds_)
      if (fd >= 0) ioctl(fd, request, PERF_IOC_FLAG_GROUP);
  }
  void collect() const {
    for (size_t i = 0; i < fds_.size(); i++) {
      uint64_t v[3];
      if (fds_[i] < 0 || read(fds_[i], v, sizeof v) != sizeof v) continue;
      sums_[i].enabled += static_cast<double>(v[1]);
      sums_[i].running += static_cast<double>(v[2]);
      if (v[2] > 0) sums_[i].value += static_cast<double>(v[0]) * static_cast<double>(v[1]) / static_cast<double>(v[2]);
    }
  }

 private:
  std::vector<int> fds_;
  std::vector<counted>& sums_;
};

}  // namespace

json::value describe_counters() {
  json::array all;
  for (const auto& e : events) {
    if (e.vendor != maker::any && e.vendor != this_vendor()) continue;
    const int fd = open_event(e, 0, -1);
    json::object o{{"name", e.name}, {"kind", e.type == PERF_TYPE_SOFTWARE ? "software" : "hardware"}, {"valid", fd >= 0}};
    if (fd < 0) o.emplace_back("why", reason(e, errno));
    if (fd >= 0) close(fd);
    all.push_back(std::move(o));
  }
  return all;
}

json::value counter_set::measure(compiled_module& m) {
  std::vector<counted> sums(std::size(events));
  std::vector<thread_events> threads;
  for (const pid_t t : all_threads()) threads.emplace_back(t, sums);
  m.park(false);
  m.run();
  for (const auto& t : threads) t.control(PERF_EVENT_IOC_ENABLE);
  int runs = 0;
  const int64_t start = now_ns();
  do {
    m.run();
    runs++;
  } while (now_ns() - start < 50000000);
  for (const auto& t : threads) t.control(PERF_EVENT_IOC_DISABLE);
  for (const auto& t : threads) t.collect();
  m.park(true);
  json::object all;
  for (size_t i = 0; i < std::size(events); i++) {
    const event& e = events[i];
    if (e.vendor != maker::any && e.vendor != this_vendor()) continue;
    const counted& c = sums[i];
    json::object o{{"valid", c.opened && c.running > 0}};
    if (c.opened && c.running > 0) {
      o.emplace_back("value", c.value / runs);
      o.emplace_back("scale", c.enabled / c.running);
    } else {
      o.emplace_back("why", c.opened ? "it never got a turn on the counters" : reason(e, c.error));
    }
    all.emplace_back(e.name, std::move(o));
  }
  return all;
}

}  // namespace runner

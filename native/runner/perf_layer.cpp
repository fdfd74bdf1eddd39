#include "perf_layer.hpp"

#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

namespace runner {

namespace {

const std::string devices = "/sys/bus/event_source/devices/";

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// `uncore_imc_3` is one of the units `uncore_imc`; `uncore_imc_free_running_0` is not.
bool is_one_of(const std::string& name, const std::string& unit) {
  if (name.compare(0, unit.size(), unit) != 0) return false;
  const std::string rest = name.substr(unit.size());
  return rest.empty() || (rest[0] == '_' && rest.find_first_not_of("0123456789", 1) == std::string::npos);
}

std::vector<std::string> units_of(const std::string& unit) {
  std::vector<std::string> found;
  DIR* d = opendir(devices.c_str());
  if (d == nullptr) return found;
  while (const dirent* e = readdir(d))
    if (is_one_of(e->d_name, unit)) found.push_back(e->d_name);
  closedir(d);
  return found;
}

class kernel_perf final : public perf_layer {
 public:
  int open(const perf_event_attr& attributes, pid_t thread, int cpu, int leader) override {
    perf_event_attr a = attributes;
    const long fd = syscall(SYS_perf_event_open, &a, thread, cpu, leader, PERF_FLAG_FD_CLOEXEC);
    return fd < 0 ? -errno : static_cast<int>(fd);
  }
  void control(int fd, unsigned long request) override { ioctl(fd, request, PERF_IOC_FLAG_GROUP); }
  int read(int fd, uint64_t* words, int count) override {
    const ssize_t n = ::read(fd, words, static_cast<size_t>(count) * sizeof *words);
    return n < 0 ? -errno : static_cast<int>(n / static_cast<ssize_t>(sizeof *words));
  }
  void close(int fd) override { ::close(fd); }
  std::vector<uint32_t> types_of(const std::string& unit) override {
    std::vector<uint32_t> types;
    for (const auto& name : units_of(unit)) types.push_back(static_cast<uint32_t>(std::atoi(first_line(devices + name + "/type").c_str())));
    return types;
  }
  std::vector<int> cpus_of(const std::string& unit) override {
    std::vector<int> cpus;
    const auto names = units_of(unit);
    if (names.empty()) return cpus;
    // Such as 0,32; a range stands for its first CPU, because one of a socket sees all of it.
    std::istringstream list(first_line(devices + names[0] + "/cpumask"));
    for (std::string part; std::getline(list, part, ',');) cpus.push_back(std::atoi(part.c_str()));
    return cpus.empty() ? std::vector<int>{0} : cpus;
  }
  int paranoid() override {
    const std::string level = first_line("/proc/sys/kernel/perf_event_paranoid");
    return level.empty() ? 99 : std::atoi(level.c_str());
  }
};

}  // namespace

perf_layer& system_perf() {
  static kernel_perf layer;
  return layer;
}

}  // namespace runner

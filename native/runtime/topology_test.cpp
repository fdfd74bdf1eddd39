// The order of CPUs and the limits on them, from copies of the system's files: machines of one and two sockets, with and without SMT, parts of
// them, and control groups.
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "../kernels/testing/check.hpp"
#include "host.h"

namespace {

std::string root;
int machines = 0;

void new_machine(const char* folder) { root = std::string(folder) + "/" + std::to_string(machines++); }

void put(const std::string& path, const std::string& text) {
  const std::string whole = root + path;
  for (size_t i = 1; i < whole.size(); i++)
    if (whole[i] == '/') mkdir(whole.substr(0, i).c_str(), 0755);
  FILE* f = std::fopen(whole.c_str(), "w");
  check::that(f != nullptr && std::fputs(text.c_str(), f) >= 0, "write %s", whole.c_str());
  if (f != nullptr) std::fclose(f);
}

void siblings(int cpu, const std::string& list) {
  put("/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list", list + "\n");
}

void expect(const std::string& allowed, const std::vector<int>& wanted, const char* what) {
  cpu_set_t set;
  fs_parse_cpus(allowed.c_str(), &set);
  int found[CPU_SETSIZE];
  const int n = fs_cpu_order_of(root.c_str(), &set, found, CPU_SETSIZE);
  check::that(std::vector<int>(found, found + n) == wanted, "%s", what);
}

void orders(const char* folder) {
  new_machine(folder);
  expect("0-3", {0, 1, 2, 3}, "nothing is told");
  for (int c = 0; c < 4; c++) siblings(c, c % 2 == 0 ? "0,2" : "1,3");
  expect("0-3", {0, 1, 2, 3}, "siblings far apart, one node");
  expect("1-3", {1, 2, 3}, "siblings of CPUs that may not be used");
  expect("0,2", {0, 2}, "both threads of one core");

  new_machine(folder);
  for (int c = 0; c < 4; c++) siblings(c, c < 2 ? "0-1" : "2-3");
  expect("0-3", {0, 2, 1, 3}, "siblings beside each other");

  // Two sockets of two cores of two threads, numbered as Linux does on servers: cores of both first.
  new_machine(folder);
  put("/sys/devices/system/node/online", "0-1\n");
  put("/sys/devices/system/node/node0/cpulist", "0-1,4-5\n");
  put("/sys/devices/system/node/node1/cpulist", "2-3,6-7\n");
  for (int c = 0; c < 8; c++) siblings(c, std::to_string(c % 4) + "," + std::to_string(c % 4 + 4));
  expect("0-7", {0, 1, 2, 3, 4, 5, 6, 7}, "two sockets");
  expect("1,2,5,6", {1, 2, 5, 6}, "a part of each socket");
  // ... and with even CPUs on one socket.
  put("/sys/devices/system/node/node0/cpulist", "0,2,4,6\n");
  put("/sys/devices/system/node/node1/cpulist", "1,3,5,7\n");
  expect("0-7", {0, 2, 1, 3, 4, 6, 5, 7}, "sockets by turns");
  put("/sys/devices/system/node/online", "1\n");
  expect("0-7", {1, 3, 0, 2, 5, 7, 4, 6}, "CPUs of a node that is not told come after the others");
}

void limits(const char* folder) {
  new_machine(folder);
  check::that(fs_cpu_quota_of(root.c_str()) == 0, "no control groups");
  put("/proc/self/cgroup", "1:cpu:/x\n0::/a/b\n");
  check::that(fs_cpu_quota_of(root.c_str()) == 0, "groups without limits");
  put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  check::that(fs_cpu_quota_of(root.c_str()) == 0, "no limit");
  put("/sys/fs/cgroup/a/cpu.max", "350000 100000\n");
  check::that(fs_cpu_quota_of(root.c_str()) == 4, "a limit of the group above, rounded up");
  put("/sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
  check::that(fs_cpu_quota_of(root.c_str()) == 1, "the smaller one counts");
  put("/proc/self/cgroup", "0::/\n");
  put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  check::that(fs_cpu_quota_of(root.c_str()) == 2, "a container");
  new_machine(folder);
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  check::that(fs_cpu_quota_of(root.c_str()) == 0, "the older interface without a limit");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");
  check::that(fs_cpu_quota_of(root.c_str()) == 3, "the older interface");
}

void parsing() {
  cpu_set_t set;
  fs_parse_cpus("0-2,5,1000000\n", &set);
  check::that(CPU_COUNT(&set) == 4 && CPU_ISSET(5, &set), "a list with a CPU beyond all sets");
  for (const char* text : {"", "\n", "-1", "x", "3-1"}) {
    fs_parse_cpus(text, &set);
    check::that(CPU_COUNT(&set) == 0, "nothing in '%s'", text);
  }
  for (const char* text : {"", "max", "max 100000", "0 100000", "-5 100000", "7"}) check::that(fs_quota_of(text) == 0, "no limit in '%s'", text);
}

// Where this runs: the order names each CPU that may be used once.
void here() {
  int cpus[CPU_SETSIZE];
  const int n = fs_cpu_order(cpus, CPU_SETSIZE);
  cpu_set_t allowed, found;
  CPU_ZERO(&allowed);
  CPU_ZERO(&found);
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (int i = 0; i < n; i++) CPU_SET(cpus[i], &found);
  check::that(n == CPU_COUNT(&allowed) && CPU_EQUAL(&allowed, &found), "each CPU once");
  check::that(fs_usable_cpus() >= 1 && fs_usable_cpus() <= n, "usable CPUs");
  check::that(fs_cpu_order(cpus, 1) == 1, "no more than asked for");
}

// Huge pages are a wish: what is asked for is granted or refused with a reason, and a buffer works either way.
void pages() {
  fs_buffer b;
  check::that(fs_buffer_open(&b, 5 * FS_HUGE_PAGE) == 0 && reinterpret_cast<uintptr_t>(b.p) % FS_HUGE_PAGE == 0, "a large buffer");
  check::that(fs_buffer_huge_bytes(&b) <= b.bytes, "huge pages");
  check::that(b.huge_refused == 0 || fs_buffer_huge_bytes(&b) == 0, "huge pages that were refused");
  fs_buffer_close(&b);
  check::that(fs_buffer_open(&b, 100) == 0 && fs_buffer_huge_bytes(&b) == 0 && fs_buffer_page(&b) == FS_PAGE, "a small buffer");
  fs_buffer_close(&b);
}

}  // namespace

int main() {
  char folder[] = P_tmpdir "/fusionscope-topology-XXXXXX";
  check::that(mkdtemp(folder) != nullptr, "a folder");
  parsing();
  orders(folder);
  limits(folder);
  here();
  pages();
  check::that(std::system((std::string("rm -rf ") + folder).c_str()) == 0, "the folder is gone");
  return check::finish();
}

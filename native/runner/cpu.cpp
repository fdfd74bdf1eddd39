#include "cpu.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "../runtime/host.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace runner {

namespace {

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

cpu_set_t allowed_at_start() {
  static const cpu_set_t set = [] {
    cpu_set_t s;
    CPU_ZERO(&s);
    sched_getaffinity(0, sizeof s, &s);
    return s;
  }();
  return set;
}

// The value of the first /proc/cpuinfo line that starts with `key`.
std::string cpuinfo(const std::string& key) {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    const size_t colon = line.find(':');
    if (line.compare(0, key.size(), key) == 0 && colon != std::string::npos && line.find_first_not_of(" \t", key.size()) == colon)
      return colon + 2 <= line.size() ? line.substr(colon + 2) : "";
  }
  return "";
}

bool has_flag(const std::string& flag) {
  static const std::string flags = " " + cpuinfo("flags") + " ";
  return flags.find(" " + flag + " ") != std::string::npos;
}

// AMX tile data is off until a process asks for it (Linux 5.16+): arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
bool amx_permitted() {
#if defined(__x86_64__)
  static const bool ok = has_flag("amx_tile") && syscall(SYS_arch_prctl, 0x1023, 18) == 0;
  return ok;
#else
  return false;
#endif
}

int64_t parse_size(const std::string& text) {
  if (text.empty()) return 0;
  const int64_t n = std::atoll(text.c_str());
  return text.back() == 'K' ? n << 10 : text.back() == 'M' ? n << 20 : n;
}

json::value caches(int cpu) {
  json::array all;
  for (int i = 0; i < 8; i++) {
    const std::string dir = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/index" + std::to_string(i) + "/";
    const std::string level = first_line(dir + "level");
    if (level.empty()) break;
    all.push_back(json::object{{"level", std::atoi(level.c_str())},
                               {"type", first_line(dir + "type")},
                               {"bytes", parse_size(first_line(dir + "size"))},
                               {"sharedCpus", first_line(dir + "shared_cpu_list")}});
  }
  return all;
}

}  // namespace

bool has_cpu_flag(const std::string& flag) { return has_flag(flag); }

uint64_t usable_isa() {
  uint64_t isa = fs_host_isa();
  if (has_flag("avx512_fp16")) isa |= FS_ISA_FP16;
  if (amx_permitted()) {
    isa |= FS_ISA_AMX_TILE;
    if (has_flag("amx_int8")) isa |= FS_ISA_AMX_INT8;
    if (has_flag("amx_bf16")) isa |= FS_ISA_AMX_BF16;
  }
  return isa;
}

std::string isa_names(uint64_t isa) {
  static const char* const names[] = {"AVX2+FMA",    "AVX-512 F/BW/DQ/VL", "AVX512_VNNI", "AVX512_BF16",
                                      "AVX512_FP16", "AMX_TILE",           "AMX_INT8",    "AMX_BF16"};
  std::string out;
  for (unsigned i = 0; i < 8; i++)
    if ((isa >> i & 1) != 0) out += (out.empty() ? "" : ", ") + std::string(names[i]);
  return out;
}

std::vector<int> cpu_order() {
  const cpu_set_t allowed = allowed_at_start();
  std::vector<int> cpus(CPU_SETSIZE);
  cpus.resize(static_cast<size_t>(fs_cpu_order_of("", &allowed, cpus.data(), CPU_SETSIZE)));
  return cpus;
}

json::value describe_cpu() {
  const std::vector<int> order = cpu_order();
  std::set<std::string> cores;
  for (const int c : order) {
    const std::string siblings = first_line("/sys/devices/system/cpu/cpu" + std::to_string(c) + "/topology/thread_siblings_list");
    cores.insert(siblings.empty() ? std::to_string(c) : siblings);
  }
  json::array flags, cpus;
  std::istringstream words(cpuinfo("flags"));
  for (std::string w; words >> w;) flags.push_back(w);
  for (const int c : order) cpus.push_back(c);
  return json::object{{"vendor", cpuinfo("vendor_id")},
                      {"model", cpuinfo("model name")},
                      {"flags", std::move(flags)},
                      {"caches", order.empty() ? json::value(json::array{}) : caches(order[0])},
                      {"cpus", std::move(cpus)},
                      {"cores", static_cast<uint64_t>(cores.size())},
                      {"smt", cores.size() < order.size()},
                      {"amxPermitted", amx_permitted()}};
}

uint32_t set_default_mxcsr() {
#if defined(__x86_64__)
  const uint32_t old = _mm_getcsr();
  _mm_setcsr(0x1f80);
  return old;
#else
  return 0;
#endif
}

void pin_main_thread() {
  const std::vector<int> order = cpu_order();
  if (order.empty()) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(order[0], &one);
  sched_setaffinity(0, sizeof one, &one);
}

void unpin_main_thread() {
  const cpu_set_t all = allowed_at_start();
  sched_setaffinity(0, sizeof all, &all);
}

}  // namespace runner

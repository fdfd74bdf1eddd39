#include "peaks.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "cpu.hpp"
#include "failure.hpp"
#include "memory.hpp"
#include "module.hpp"
#include "peak_loops.hpp"
#include "rate.hpp"

namespace runner {

namespace {

struct arithmetic {
  const char* name;
  uint64_t needs;     // FS_ISA_* bits
  const char* flag;   // of /proc/cpuinfo, where there is no such bit; or NULL
  double operations;  // per instruction
  double (*work)(int);
};

json::value missing(const std::string& why) { return json::object{{"valid", false}, {"why", why}}; }

json::value measure(const arithmetic& a, int threads, double seconds) {
#if defined(__x86_64__)
  if ((a.needs & ~usable_isa()) != 0) return missing("needs " + isa_names(a.needs & ~usable_isa()));
  if (a.flag != nullptr && !has_cpu_flag(a.flag)) return missing(std::string("needs ") + a.flag);
  // The frequency depends on what runs (wide vectors may lower it), so it is taken right before and after.
  const double before = rate(threads, seconds * 0.25, dependent_adds);
  const double instructions = rate(threads, seconds, a.work);
  const double hz = std::max(before, rate(threads, seconds * 0.25, dependent_adds));
  return json::object{{"valid", true},
                      {"gops", instructions * a.operations * 1e-9},
                      {"ghz", hz * 1e-9 / threads},
                      {"opsPerCycle", instructions * a.operations / (hz / threads)}};
#else
  (void)a, (void)threads, (void)seconds;
  return missing("only measured on x86-64");
#endif
}

double copy_rate(int threads, double seconds) {
  constexpr size_t bytes = 48 << 20;
  std::vector<fs_buffer> from(static_cast<size_t>(threads)), to(static_cast<size_t>(threads));
  for (int t = 0; t < threads; t++)
    if (fs_buffer_open(&from[t], bytes) != 0 || fs_buffer_open(&to[t], bytes) != 0)
      throw failure("no-memory", "no memory for the copy buffers");
  const double r = rate(threads, seconds, [&](int tid) {
    std::memcpy(to[tid].p, from[tid].p, bytes);
    return 2.0 * bytes;
  });
  for (auto* list : {&from, &to})
    for (auto& b : *list) fs_buffer_close(&b);
  return r * 1e-9;
}

}  // namespace

json::value peaks(int threads, double seconds) {
  const int most = static_cast<int>(cpu_order().size());
  if (threads < 1 || threads > most) throw failure("bad-request", "threads must be 1 to " + std::to_string(most));
  json::object result{{"threads", threads}};
#if defined(__x86_64__)
  static const arithmetic list[] = {
      {"fmaF32", FS_ISA_AVX512, nullptr, 32, fma_avx512},      {"fmaF32Avx2", FS_ISA_AVX2, nullptr, 16, fma_avx2},
      {"vnniInt8", FS_ISA_VNNI, nullptr, 128, vnni_avx512},    {"vnniInt8Avx", FS_ISA_AVX2, "avx_vnni", 64, vnni_avx},
      {"bf16", FS_ISA_BF16, nullptr, 64, bf16_avx512},         {"f16", FS_ISA_FP16, nullptr, 64, f16_avx512},
      {"amxInt8", FS_ISA_AMX_INT8, nullptr, 32768, tile_int8}, {"amxBf16", FS_ISA_AMX_BF16, nullptr, 16384, tile_bf16},
  };
  result.emplace_back("ghz", rate(threads, seconds, dependent_adds) * 1e-9 / threads);
  for (const auto& a : list) result.emplace_back(a.name, measure(a, threads, seconds));
#endif
  result.emplace_back("copyGBs", copy_rate(threads, seconds));
  const json::object read{
      {"threads", threads}, {"seconds", seconds * 0.5}, {"bytes", json::array{16 << 10, 256 << 10, 1 << 20, 8 << 20, 96 << 20}}};
  result.emplace_back("read", read_rates(json::value(read))["rates"]);
  return result;
}

}  // namespace runner

#include "peaks.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "clock.hpp"
#include "cpu.hpp"
#include "failure.hpp"
#include "module.hpp"
#include "peak_loops.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace runner {

namespace {

// Runs `work(tid)`, which does some work and returns how much, again and again on `threads` pinned threads for `seconds`; returns the
// summed rate per second. The best of many stretches of 2 ms, each begun together: a shared machine takes the CPU away for longer than
// that, and a peak is what it can do when left alone.
double rate(int threads, double seconds, const std::function<double(int)>& work) {
  const std::vector<int> cpus = cpu_order();
  constexpr double stretch_ns = 2e6;
  const int stretches = std::max(5, static_cast<int>(seconds * 1e9 / stretch_ns));
  std::vector<double> rates(static_cast<size_t>(threads) * static_cast<size_t>(stretches));
  std::atomic<int> arrived{0};
  const auto body = [&](int tid) {
    if (tid > 0 && tid < static_cast<int>(cpus.size())) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpus[static_cast<size_t>(tid)], &one);
      sched_setaffinity(0, sizeof one, &one);
    }
    work(tid);
    for (int stretch = 0; stretch < stretches; stretch++) {
      arrived++;
      while (arrived.load() < threads * (stretch + 1)) std::this_thread::yield();
      double done = 0;
      const int64_t start = now_ns();
      int64_t end = start;
      do {
        done += work(tid);
        end = now_ns();
      } while (static_cast<double>(end - start) < stretch_ns);
      rates[static_cast<size_t>(stretch * threads + tid)] = done / (static_cast<double>(end - start) * 1e-9);
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; t++) others.emplace_back(body, t);
  body(0);
  for (auto& t : others) t.join();
  double best = 0;
  for (int stretch = 0; stretch < stretches; stretch++) {
    double sum = 0;
    for (int t = 0; t < threads; t++) sum += rates[static_cast<size_t>(stretch * threads + t)];
    best = std::max(best, sum);
  }
  return best;
}

struct arithmetic {
  const char* name;
  uint64_t needs;     // FS_ISA_* bits
  double operations;  // per instruction
  double (*work)(int);
};

json::value missing(const std::string& why) { return json::object{{"valid", false}, {"why", why}}; }

json::value measure(const arithmetic& a, int threads, double seconds) {
#if defined(__x86_64__)
  if ((a.needs & ~usable_isa()) != 0) return missing("needs " + isa_names(a.needs & ~usable_isa()));
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

#if defined(__x86_64__)
__attribute__((target("avx2"))) double read_all(const unsigned char* p, size_t bytes) {
  __m256i a = _mm256_setzero_si256(), b = a, c = a, d = a;
  for (size_t i = 0; i < bytes; i += 128) {
    a = _mm256_or_si256(a, _mm256_load_si256(reinterpret_cast<const __m256i*>(p + i)));
    b = _mm256_or_si256(b, _mm256_load_si256(reinterpret_cast<const __m256i*>(p + i + 32)));
    c = _mm256_or_si256(c, _mm256_load_si256(reinterpret_cast<const __m256i*>(p + i + 64)));
    d = _mm256_or_si256(d, _mm256_load_si256(reinterpret_cast<const __m256i*>(p + i + 96)));
  }
  const __m256i all = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
  volatile int sink = _mm256_movemask_epi8(all);
  (void)sink;
  return static_cast<double>(bytes);
}
#endif

// Read bandwidth of a working set of each size (per thread), so that the steps between cache levels can be seen.
json::value read_rates(int threads, double seconds) {
  json::array all;
#if defined(__x86_64__)
  if ((usable_isa() & FS_ISA_AVX2) == 0) return all;
  for (const size_t bytes : {size_t{16} << 10, size_t{256} << 10, size_t{1} << 20, size_t{8} << 20, size_t{96} << 20}) {
    std::vector<fs_buffer> data(static_cast<size_t>(threads));
    for (auto& b : data)
      if (fs_buffer_open(&b, bytes) != 0) throw failure("no-memory", "no memory for the read buffers");
    const double r = rate(threads, seconds, [&](int tid) {
      double done = 0;
      do done += read_all(data[tid].p, bytes);
      while (done < 1 << 20);
      return done;
    });
    for (auto& b : data) fs_buffer_close(&b);
    all.push_back(json::object{{"bytes", static_cast<uint64_t>(bytes)}, {"gbs", r * 1e-9}});
  }
#else
  (void)threads, (void)seconds;
#endif
  return all;
}

}  // namespace

json::value peaks(int threads, double seconds) {
  const int most = static_cast<int>(cpu_order().size());
  if (threads < 1 || threads > most) throw failure("bad-request", "threads must be 1 to " + std::to_string(most));
  json::object result{{"threads", threads}};
#if defined(__x86_64__)
  static const arithmetic list[] = {
      {"fmaF32", FS_ISA_AVX512, 32, fma_avx512},      {"fmaF32Avx2", FS_ISA_AVX2, 16, fma_avx2},
      {"vnniInt8", FS_ISA_VNNI, 128, vnni_avx512},    {"bf16", FS_ISA_BF16, 64, bf16_avx512},
      {"amxInt8", FS_ISA_AMX_INT8, 32768, tile_int8}, {"amxBf16", FS_ISA_AMX_BF16, 16384, tile_bf16},
  };
  result.emplace_back("ghz", rate(threads, seconds, dependent_adds) * 1e-9 / threads);
  for (const auto& a : list) result.emplace_back(a.name, measure(a, threads, seconds));
#endif
  result.emplace_back("copyGBs", copy_rate(threads, seconds));
  result.emplace_back("read", read_rates(threads, seconds * 0.5));
  return result;
}

}  // namespace runner

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

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace runner {

namespace {

// Runs `work(tid)`, which does some work and returns how much, again and again on `threads` pinned threads for `seconds`; returns the summed rate per second.
// The best of five stretches: the machine may be shared, and a peak is what it can do when left alone.
double rate(int threads, double seconds, const std::function<double(int)>& work) {
  const std::vector<int> cpus = cpu_order();
  std::vector<double> rates(static_cast<size_t>(threads) * 5);
  std::atomic<int> waiting{0};
  const auto body = [&](int tid) {
    if (tid > 0 && tid < static_cast<int>(cpus.size())) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpus[static_cast<size_t>(tid)], &one);
      sched_setaffinity(0, sizeof one, &one);
    }
    work(tid);
    waiting++;
    while (waiting.load() < threads) std::this_thread::yield();
    for (int stretch = 0; stretch < 5; stretch++) {
      double done = 0;
      const int64_t start = now_ns();
      int64_t end = start;
      do {
        done += work(tid);
        end = now_ns();
      } while (static_cast<double>(end - start) < seconds * 0.2e9);
      rates[static_cast<size_t>(stretch * threads + tid)] = done / (static_cast<double>(end - start) * 1e-9);
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; t++) others.emplace_back(body, t);
  body(0);
  for (auto& t : others) t.join();
  double best = 0;
  for (int stretch = 0; stretch < 5; stretch++) {
    double sum = 0;
    for (int t = 0; t < threads; t++) sum += rates[static_cast<size_t>(stretch * threads + t)];
    best = std::max(best, sum);
  }
  return best;
}

constexpr int loops = 4000;

#if defined(__x86_64__)
// Each body issues 16 independent chains of one instruction, enough to cover a latency of 4-5 cycles at 2-3 per cycle. The registers are named so
// that no compiler can spill or fuse anything; the multiplicands are zero, so nothing overflows.
#define FS_CHAIN16(op, r) \
  op(r, 0) op(r, 1) op(r, 2) op(r, 3) op(r, 4) op(r, 5) op(r, 6) op(r, 7) op(r, 8) op(r, 9) op(r, 10) op(r, 11) op(r, 12) op(r, 13)
constexpr int chains = 14;
#define FS_ZERO(r, i) "vpxor %%xmm" #i ", %%xmm" #i ", %%xmm" #i "\n"
#define FS_FMA(r, i) "vfmadd231ps %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_VNNI(r, i) "vpdpbusd %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_BF16(r, i) "vdpbf16ps %%" #r "15, %%" #r "14, %%" #r #i "\n"
#define FS_CLOBBERS                                                                                                                             \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#define FS_PEAK_LOOP(name, op, r)                                                                                                               \
  double name(int) {                                                                                                                            \
    int64_t n = loops;                                                                                                                          \
    asm volatile(FS_CHAIN16(FS_ZERO, r) FS_ZERO(r, 14) FS_ZERO(r, 15) "1:\n" FS_CHAIN16(op, r) FS_CHAIN16(op, r) "dec %0\n"                       \
                 "jnz 1b\n"                                                                                                                      \
                 "vzeroupper\n"                                                                                                                  \
                 : "+r"(n)                                                                                                                       \
                 :                                                                                                                               \
                 : FS_CLOBBERS, "cc");                                                                                                           \
    return 2.0 * chains * loops;                                                                                                                 \
  }
FS_PEAK_LOOP(fma_avx512, FS_FMA, zmm)
FS_PEAK_LOOP(fma_avx2, FS_FMA, ymm)
FS_PEAK_LOOP(vnni_avx512, FS_VNNI, zmm)
FS_PEAK_LOOP(bf16_avx512, FS_BF16, zmm)

double dependent_adds(int) {
  int64_t n = loops, x = 0;
  asm volatile(
      "1:\n"
      "add $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\n"
      "add $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\nadd $1, %1\n"
      "dec %0\njnz 1b\n"
      : "+r"(n), "+r"(x)
      :
      : "cc");
  return 16.0 * loops;
}

// Tile multiplication: 16 x 16 results, 64 bytes of depth. Four accumulators cover the latency (52 cycles at one per 16).
struct tile_config {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
#define FS_TILE_LOOP(name, instruction)                                                                                                         \
  double name(int) {                                                                                                                            \
    const tile_config config;                                                                                                                   \
    int64_t n = loops / 4;                                                                                                                      \
    asm volatile(                                                                                                                               \
        "ldtilecfg %1\ntilezero %%tmm0\ntilezero %%tmm1\ntilezero %%tmm2\ntilezero %%tmm3\ntilezero %%tmm4\ntilezero %%tmm5\ntilezero %%tmm6\n" \
        "tilezero %%tmm7\n1:\n" instruction " %%tmm5, %%tmm4, %%tmm0\n" instruction " %%tmm5, %%tmm6, %%tmm1\n" instruction                     \
        " %%tmm7, %%tmm4, %%tmm2\n" instruction " %%tmm7, %%tmm6, %%tmm3\ndec %0\njnz 1b\ntilerelease\n"                                          \
        : "+r"(n)                                                                                                                               \
        : "m"(config)                                                                                                                           \
        : "cc", "memory");                                                                                                                      \
    return 4.0 * (loops / 4);                                                                                                                   \
  }
FS_TILE_LOOP(tile_int8, "tdpbusd")
FS_TILE_LOOP(tile_bf16, "tdpbf16ps")
#endif

struct arithmetic {
  const char* name;
  uint64_t needs;  // FS_ISA_* bits
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
                      {"opsPerCycle", instructions * a.operations / hz}};
#else
  (void)a, (void)threads, (void)seconds;
  return missing("only measured on x86-64");
#endif
}

double copy_rate(int threads, double seconds) {
  constexpr size_t bytes = 64 << 20;
  std::vector<fs_buffer> from(static_cast<size_t>(threads)), to(static_cast<size_t>(threads));
  for (int t = 0; t < threads; t++)
    if (fs_buffer_open(&from[t], bytes) != 0 || fs_buffer_open(&to[t], bytes) != 0) throw failure("no-memory", "no memory for the copy buffers");
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
      {"fmaF32", FS_ISA_AVX512, 32, fma_avx512},         {"fmaF32Avx2", FS_ISA_AVX2, 16, fma_avx2},
      {"vnniInt8", FS_ISA_VNNI, 128, vnni_avx512},       {"bf16", FS_ISA_BF16, 64, bf16_avx512},
      {"amxInt8", FS_ISA_AMX_INT8, 32768, tile_int8},    {"amxBf16", FS_ISA_AMX_BF16, 16384, tile_bf16},
  };
  result.emplace_back("ghz", rate(threads, seconds, dependent_adds) * 1e-9 / threads);
  for (const auto& a : list) result.emplace_back(a.name, measure(a, threads, seconds));
#endif
  result.emplace_back("copyGBs", copy_rate(threads, seconds));
  result.emplace_back("read", read_rates(threads, seconds * 0.5));
  return result;
}

}  // namespace runner

#include "memory.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "clock.hpp"
#include "cpu.hpp"
#include "failure.hpp"
#include "module.hpp"
#include "rate.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace runner {

namespace {

constexpr size_t line = 64;
constexpr size_t most_bytes = size_t{1} << 31;

size_t checked_bytes(const json::value& v) {
  const int64_t bytes = v.as_int();
  if (bytes < 1024 || static_cast<size_t>(bytes) > most_bytes)
    throw failure("bad-request", "a working set must have 1 KiB to 2 GiB, not " + std::to_string(bytes) + " bytes");
  return static_cast<size_t>(bytes) / 1024 * 1024;
}

// Buffers that are closed again whatever happens.
struct buffers {
  std::vector<fs_buffer> list;
  buffers(int count, size_t bytes) : list(static_cast<size_t>(count)) {
    for (auto& b : list)
      if (fs_buffer_open(&b, bytes) != 0) throw failure("no-memory", "no memory for a working set of " + std::to_string(bytes) + " bytes");
  }
  ~buffers() {
    for (auto& b : list) fs_buffer_close(&b);
  }
  buffers(const buffers&) = delete;
};

// Every line holds the address of the next one; one cycle through all of them in random order (Sattolo).
void** chain(unsigned char* memory, size_t bytes) {
  const size_t lines = bytes / line;
  std::vector<uint32_t> order(lines);
  for (size_t i = 0; i < lines; i++) order[i] = static_cast<uint32_t>(i);
  std::mt19937_64 random(lines);
  for (size_t i = lines - 1; i > 0; i--) std::swap(order[i], order[random() % i]);
  for (size_t i = 0; i < lines; i++) *reinterpret_cast<void**>(memory + line * i) = memory + line * order[i];
  return reinterpret_cast<void**>(memory);
}

// Nanoseconds per load: the least of many stretches of about half a millisecond.
double chase(void** at, size_t lines, double seconds) {
  void** volatile sink = at;
  for (size_t i = 0; i < std::min<size_t>(lines, 200000); i++) at = static_cast<void**>(*at);
  constexpr int batch = 4096;
  double least = 1e30;
  const int64_t begin = now_ns();
  do {
    const int64_t start = now_ns();
    int64_t end = start, loads = 0;
    do {
      for (int i = 0; i < batch; i++) at = static_cast<void**>(*at);
      loads += batch;
      end = now_ns();
    } while (end - start < 500000);
    least = std::min(least, static_cast<double>(end - start) / static_cast<double>(loads));
  } while (static_cast<double>(now_ns() - begin) < seconds * 1e9);
  sink = at;
  (void)sink;
  return least;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void read_avx2(const unsigned char* p, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 256)
    asm volatile(
        "vmovdqa (%0), %%ymm0\nvmovdqa 32(%0), %%ymm1\nvmovdqa 64(%0), %%ymm2\nvmovdqa 96(%0), %%ymm3\n"
        "vmovdqa 128(%0), %%ymm4\nvmovdqa 160(%0), %%ymm5\nvmovdqa 192(%0), %%ymm6\nvmovdqa 224(%0), %%ymm7\n"
        :
        : "r"(p + i)
        : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

__attribute__((target("avx512f"))) void read_avx512(const unsigned char* p, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 512)
    asm volatile(
        "vmovdqa64 (%0), %%zmm0\nvmovdqa64 64(%0), %%zmm1\nvmovdqa64 128(%0), %%zmm2\nvmovdqa64 192(%0), %%zmm3\n"
        "vmovdqa64 256(%0), %%zmm4\nvmovdqa64 320(%0), %%zmm5\nvmovdqa64 384(%0), %%zmm6\nvmovdqa64 448(%0), %%zmm7\n"
        :
        : "r"(p + i)
        : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}
#endif

// Plain loads of 8 bytes, which no compiler may leave out.
void read_words(const unsigned char* p, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 8) (void)*reinterpret_cast<const volatile uint64_t*>(p + i);
}

using reader = void (*)(const unsigned char*, size_t);

reader widest_reader() {
#if defined(__x86_64__)
  if ((usable_isa() & FS_ISA_AVX512) != 0) return read_avx512;
  if ((usable_isa() & FS_ISA_AVX2) != 0) return read_avx2;
#endif
  return read_words;
}

}  // namespace

json::value latencies(const json::value& request) {
  const double seconds = request.number_or("seconds", 0.05);
  json::array points;
  for (const auto& size : request["bytes"].items()) {
    const size_t bytes = checked_bytes(size);
    const buffers data(1, bytes);
    void** const at = chain(data.list[0].p, bytes);
    points.push_back(json::object{{"bytes", static_cast<uint64_t>(bytes)}, {"ns", chase(at, bytes / line, seconds)}});
  }
  return json::object{{"points", std::move(points)}};
}

json::value read_rates(const json::value& request) {
  const int threads = static_cast<int>(request.int_or("threads", 1));
  const int most = static_cast<int>(cpu_order().size());
  if (threads < 1 || threads > most) throw failure("bad-request", "threads must be 1 to " + std::to_string(most));
  const double seconds = request.number_or("seconds", 0.1);
  const reader read = widest_reader();
  json::array rates;
  for (const auto& size : request["bytes"].items()) {
    const size_t bytes = checked_bytes(size);
    const buffers data(threads, bytes);
    const double r = rate(threads, seconds, [&](int tid) {
      // A clock read takes as long as reading a kilobyte: several passes over a small set between two of them.
      double done = 0;
      do {
        read(data.list[static_cast<size_t>(tid)].p, bytes);
        done += static_cast<double>(bytes);
      } while (done < 1 << 20);
      return done;
    });
    rates.push_back(json::object{{"bytes", static_cast<uint64_t>(bytes)}, {"gbs", r * 1e-9}});
  }
  return json::object{{"rates", std::move(rates)}};
}

}  // namespace runner

// For the kernel tests: buffers that end (or start) right at an inaccessible page, deterministic values, counted checks.
#pragma once

#include <sys/mman.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <type_traits>

#include "../../simd/simd.hpp"

namespace check {

inline int64_t checks = 0, failures = 0;

// Counts a check; prints the first failures.
template <class... Arguments>
inline void that(bool ok, const char* format, Arguments... arguments) {
  checks++;
  if (ok || ++failures > 20) return;
  std::printf("FAILED %s: ", fs::simd_name);
  std::printf(format, arguments...);
  std::printf("\n");
  std::fflush(stdout);
}

inline int finish() {
  std::printf("%s: %lld checks, %lld failures\n", fs::simd_name, static_cast<long long>(checks), static_cast<long long>(failures));
  return failures == 0 ? 0 : 1;
}

enum class edge { before, after };

// n elements whose last byte is followed (or whose first byte is preceded) by a page that may not be touched. (With CHECK_WITHOUT_GUARDS it
// may: qemu 7.2 reads all lanes of a masked load before it looks at the mask.)
template <class T>
class guarded {
 public:
  explicit guarded(int64_t n, edge where = edge::after) {
    const size_t page = 4096, bytes = static_cast<size_t>(n) * sizeof(T), inside = (bytes + page - 1) / page * page;
    size_ = inside + 2 * page;
    map_ = static_cast<unsigned char*>(mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (map_ == MAP_FAILED) std::abort();
#if !defined(CHECK_WITHOUT_GUARDS)
    mprotect(map_, page, PROT_NONE);
    mprotect(map_ + page + inside, page, PROT_NONE);
#endif
    p = reinterpret_cast<T*>(where == edge::after ? map_ + page + inside - bytes : map_ + page);
  }
  ~guarded() { munmap(map_, size_); }
  guarded(const guarded&) = delete;
  T* p;

 private:
  unsigned char* map_;
  size_t size_;
};

// xorshift: the same values everywhere.
struct random {
  uint64_t state = 0x9e3779b97f4a7c15u;
  uint32_t next() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return static_cast<uint32_t>(state >> 32);
  }
  float uniform() { return static_cast<float>(next() >> 8) * 0x1p-23f - 1.0f; }  // [-1, 1)
};

template <class T>
void fill(T* p, int64_t n, random& r) {
  for (int64_t i = 0; i < n; i++) {
    if constexpr (std::is_same_v<T, float>)
      p[i] = r.uniform();
    else
      p[i] = static_cast<T>(r.next());
  }
}

}  // namespace check

#include "packed_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "failure.hpp"

namespace runner {

namespace {

struct head {
  char magic[8];
  uint64_t bytes, sum;
  unsigned char rest[40];
};
static_assert(sizeof(head) == 64, "one cache line");
constexpr char magic[8] = {'F', 'S', 'P', 'A', 'C', 'K', '1', 0};

// Four chains of multiplications, so that memory is the limit. Finds damage, not malice.
uint64_t checksum(const unsigned char* p, uint64_t bytes) {
  constexpr uint64_t odd = 0x9e3779b97f4a7c15ull;
  uint64_t lanes[4] = {bytes, odd, ~bytes, 1};
  uint64_t i = 0;
  for (; i + 32 <= bytes; i += 32)
    for (int k = 0; k < 4; k++) {
      uint64_t word;
      std::memcpy(&word, p + i + 8 * k, 8);
      lanes[k] = (lanes[k] ^ word) * odd;
      lanes[k] ^= lanes[k] >> 29;
    }
  for (; i < bytes; i++) lanes[i % 4] = (lanes[i % 4] ^ p[i]) * odd;
  return lanes[0] ^ (lanes[1] << 1) ^ (lanes[2] * 3) ^ (lanes[3] >> 7) ^ (lanes[3] << 13);
}

struct file {
  explicit file(int descriptor) : fd(descriptor) {}
  ~file() {
    if (fd >= 0) close(fd);
  }
  file(const file&) = delete;
  int fd;
};

bool write_all(int fd, const void* from, uint64_t bytes) {
  const auto* p = static_cast<const unsigned char*>(from);
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t n = write(fd, p + done, bytes - done);
    if (n <= 0) return false;
    done += static_cast<uint64_t>(n);
  }
  return true;
}

bool read_all(int fd, void* to, uint64_t bytes) {
  auto* p = static_cast<unsigned char*>(to);
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t n = read(fd, p + done, bytes - done);
    if (n <= 0) return false;
    done += static_cast<uint64_t>(n);
  }
  return true;
}

}  // namespace

void write_packed(const std::string& path, const unsigned char* data, uint64_t bytes) {
  const file out(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  head h{};
  std::memcpy(h.magic, magic, sizeof magic);
  h.bytes = bytes;
  h.sum = checksum(data, bytes);
  if (out.fd < 0 || !write_all(out.fd, &h, sizeof h) || !write_all(out.fd, data, bytes))
    throw failure("no-file", path + ": " + errno_text());
}

bool read_packed(const std::string& path, unsigned char* to, uint64_t bytes) {
  const file in(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  head h;
  if (in.fd < 0 || !read_all(in.fd, &h, sizeof h) || std::memcmp(h.magic, magic, sizeof magic) != 0 || h.bytes != bytes) return false;
  return read_all(in.fd, to, bytes) && checksum(to, bytes) == h.sum;
}

}  // namespace runner

// Whole files: in memory, and out of it.
#pragma once

#include <string>

#include "../runtime/host.h"

namespace runner {

// A file read into 64-byte aligned memory.
class loaded_file {
 public:
  explicit loaded_file(const std::string& path);
  loaded_file(loaded_file&& other) noexcept : buffer_(other.buffer_), size_(other.size_) { other.buffer_ = {}; }
  ~loaded_file() { fs_buffer_close(&buffer_); }
  unsigned char* data() const { return buffer_.p; }
  uint64_t size() const { return size_; }

 private:
  fs_buffer buffer_{};
  uint64_t size_ = 0;
};

// Writes a whole file; throws failure("no-file").
void write_file(const std::string& path, const void* data, uint64_t bytes);

}  // namespace runner

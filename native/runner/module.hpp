// A compiled model loaded from its shared object, with mapped weights, buffers and a pinned team of threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../runtime/host.h"
#include "target.hpp"

namespace runner {

struct weight_range {
  std::string file;
  int64_t offset;
  int64_t length;
};

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

class compiled_module final : public target {
 public:
  // `prefix` comes before the names of the three symbols: one library may hold many models.
  compiled_module(const std::string& path, const std::vector<weight_range>& weights, int threads, const std::string& prefix = "");
  ~compiled_module() override;
  compiled_module(const compiled_module&) = delete;

  void bind(const std::vector<tensor_file>& inputs) override;
  void run() override;
  json::value write_outputs(const std::vector<std::string>& files) override;
  void park(bool parked) override { fs_host_park(&host_, parked); }

  const fs_module& info() const { return *host_.module; }
  int threads() const { return host_.threads; }
  const fs_context& context() const { return host_.context; }
  json::value describe() const;
  // Zeroes the region sums.
  void reset_regions();
  // {threads: [{ticks: [], counts: []}], ticksPerNs}
  json::value regions() const;
  // Kernel thread ids of the team, thread 0 first.
  std::vector<pid_t> thread_ids();
  // Lowest address of the mapped object, so that base + offset is an instruction.
  uintptr_t base() const { return base_; }
  uintptr_t end() const { return end_; }

 private:
  compiled_module() = default;  // delegated to, so that a constructor that throws still runs the destructor
  void map_weights(const std::vector<weight_range>& weights);
  void find_extent();

  void* library_ = nullptr;
  uintptr_t base_ = 0, end_ = 0;
  fs_host host_{};
  std::vector<std::pair<void*, uint64_t>> maps_;
  std::vector<const void*> weights_;
  std::vector<fs_buffer> weight_copies_;
  std::vector<loaded_file> inputs_;
  std::vector<void*> input_pointers_, output_pointers_;
  std::vector<fs_buffer> outputs_;
};

}  // namespace runner

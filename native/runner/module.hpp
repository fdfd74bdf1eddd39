// A compiled model loaded from its shared object, with mapped weights, buffers and a pinned team of threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../runtime/host.h"
#include "holes.hpp"
#include "loaded_file.hpp"
#include "target.hpp"

namespace runner {

struct weight_range {
  std::string file;
  int64_t offset;
  int64_t length;
  // Only the constant work reads it: its pages are given back afterwards.
  bool once = false;
};

// Where each input and output of the model stands: the slot of a value that the host keeps for its holes, or -1 for a buffer of the module.
struct module_ports {
  std::vector<int> inputs, outputs;
};

class compiled_module final : public target {
 public:
  // `prefix` comes before the names of the three symbols: one library may hold many models. Without `ports`, all inputs and outputs are
  // buffers.
  compiled_module(const std::string& path, const std::vector<weight_range>& weights, int threads, const std::string& prefix = "",
                  std::unique_ptr<hole_host> holes = nullptr, module_ports ports = {});
  ~compiled_module() override;
  compiled_module(const compiled_module&) = delete;

  void bind(const std::vector<tensor_file>& inputs) override;
  void run() override;
  json::value write_outputs(const std::vector<std::string>& files) override;
  void park(bool parked) override { fs_host_park(&host_, parked); }

  // The constant work: from `file` if that is whole, else done now, and written there if `keep`. An empty name: no file. The weights that only it
  // reads are given back.
  void prepare(const std::string& file, bool keep);
  const fs_module& info() const { return *host_.module; }
  int threads() const { return host_.threads; }
  const fs_context& context() const { return host_.context; }
  json::value describe() const;
  // Zeroes the region sums.
  void reset_regions();
  // {threads: [{ticks: [], counts: []}], ticksPerNs}
  json::value regions() const;
  // Who is told of regions (builds with -DFS_PROFILE); NULL: nobody.
  void on_region(void (*event)(void*, int, int, int), void* host) {
    host_.context.region_event = event;
    host_.context.region_host = host;
  }
  // Kernel thread ids of the team, thread 0 first.
  std::vector<pid_t> thread_ids();
  // Lowest address of the mapped object, so that base + offset is an instruction.
  uintptr_t base() const { return base_; }
  uintptr_t end() const { return end_; }

 private:
  compiled_module() = default;  // delegated to, so that a constructor that throws still runs the destructor
  void map_weights(const std::vector<weight_range>& weights);
  void find_extent();
  void release_weights();

  void* library_ = nullptr;
  uintptr_t base_ = 0, end_ = 0;
  fs_host host_{};
  std::vector<std::pair<void*, uint64_t>> maps_;
  std::vector<const void*> weights_;
  std::vector<fs_buffer> weight_copies_;
  std::vector<std::pair<const unsigned char*, uint64_t>> once_;
  uint64_t released_ = 0;
  bool packed_from_file_ = false;
  std::vector<loaded_file> inputs_;
  std::vector<void*> input_pointers_, output_pointers_;
  std::vector<fs_buffer> outputs_;
  std::unique_ptr<hole_host> holes_;
  module_ports ports_;
};

}  // namespace runner

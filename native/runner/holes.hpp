// The parts of a compiled model that are not compiled: sessions of ONNX Runtime on the module's own memory. Values without memory of the
// module (their shape is not known, strings, sequences) stay here, by slot.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "loaded_file.hpp"
#include "ort_runtime.hpp"
#include "target.hpp"

namespace runner {

// An operand or result, in the order of the call. `host`: the slot of a value that stays here, or -1.
struct hole_operand {
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  int host = -1;
};

struct hole_spec {
  std::string model;
  // For messages: the nodes of the file.
  std::string what;
  std::vector<hole_operand> inputs, outputs;
};

class hole_host {
 public:
  // Throws failure("no-library"), and failure("hole-load") for a part that ONNX Runtime refuses, such as an operator that it does not know.
  hole_host(const std::string& library, const std::vector<hole_spec>& specs, int slots, int threads);
  ~hole_host();
  hole_host(const hole_host&) = delete;

  // A graph input that stays here.
  void set(int slot, const tensor_file& file);
  // Before every run.
  void begin();
  // After every run: throws failure("hole-run") when a hole failed.
  void check() const;
  json::value write(int slot, const std::string& name, const std::string& file) const;
  size_t size() const { return holes_.size(); }

  // fs_context.hole. Does not throw: the other threads of the team wait for it.
  static void call(void* self, uint32_t hole, const void* const* operands, void* const* results);

 private:
  hole_host(const ort_runtime& runtime, size_t slots);

  // A tensor on memory of the module; made anew when the memory is another one.
  struct bound {
    hole_operand operand;
    int dtype = 0;
    uint64_t bytes = 0;
    const void* at = nullptr;
    ort::Value* value = nullptr;
  };
  struct hole {
    std::string what;
    ort::Session* session = nullptr;
    std::vector<bound> inputs, outputs;
    std::vector<const char*> input_names, output_names;
    std::vector<const ort::Value*> input_values;
    std::vector<ort::Value*> output_values;
  };

  bound make(const hole_operand& operand) const;
  ort::Value* on(bound& b, const void* memory) const;
  void run(hole& h, const void* const* operands, void* const* results);

  const ort_runtime& runtime_;
  std::vector<hole> holes_;
  std::vector<ort::Value*> slots_;
  // Slots that graph inputs fill: they live from `set` to `set`.
  std::vector<bool> given_;
  std::map<int, std::vector<loaded_file>> files_;
  std::string failed_;
};

}  // namespace runner

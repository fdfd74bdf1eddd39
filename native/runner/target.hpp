// Something that can be run and timed: a compiled model (module.hpp) or an ONNX Runtime session (ort.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json.hpp"

namespace runner {

// A tensor in a raw little-endian file, as the client names it. Compiled models use only the bytes; ONNX Runtime needs the rest.
struct tensor_file {
  std::string file;
  std::string name;
  std::string dtype;
  std::vector<int64_t> shape;
  // Of a sequence: its tensors; everything but the name is empty then.
  bool sequence = false;
  std::vector<tensor_file> items;
};

class target {
 public:
  virtual ~target() = default;
  // Reads the inputs into memory and prepares the outputs; the next `run`s use them.
  virtual void bind(const std::vector<tensor_file>& inputs) = 0;
  // One inference on the bound inputs.
  virtual void run() = 0;
  // Writes output i to files[i] (an empty name: not written) and describes what was written.
  virtual json::value write_outputs(const std::vector<std::string>& files) = 0;
  // While parked, the target's own threads sleep and disturb nobody.
  virtual void park(bool parked) = 0;
};

}  // namespace runner

// The loaded library of ONNX Runtime, sessions in it, and values as files: what the ONNX Runtime target and the holes of a module share.
#pragma once

#include <string>
#include <vector>

#include "failure.hpp"
#include "json.hpp"
#include "loaded_file.hpp"
#include "ort_api.hpp"
#include "target.hpp"

namespace runner {

struct ort_options;

// One library per process: a second path would load a second copy of its global state.
struct ort_runtime {
  std::string path;
  const ort::ApiBase* base = nullptr;
  void* const* table = nullptr;
  ort::Env* env = nullptr;
  ort::MemoryInfo* cpu = nullptr;
  ort::Allocator* allocator = nullptr;

  // Throws failure("ort") with the library's own text.
  template <class... Arguments>
  void call(ort::Slot slot, Arguments... arguments) const {
    const auto f = reinterpret_cast<ort::Status* (*)(Arguments...)>(table[slot]);
    if (ort::Status* status = f(arguments...)) {
      const auto message = reinterpret_cast<const char* (*)(const ort::Status*)>(table[ort::GetErrorMessage]);
      const std::string text = message(status);
      release(ort::ReleaseStatus, status);
      throw failure("ort", text);
    }
  }
  template <class T>
  void release(ort::Slot slot, T* p) const {
    reinterpret_cast<void (*)(T*)>(table[slot])(p);
  }
};

const ort::ApiBase* open_ort_base(const std::string& path);
// Throws failure("no-library").
const ort_runtime& open_ort(const std::string& path);

// A session with its threads pinned as ours are: thread 0 is the caller.
ort::Session* open_ort_session(const ort_runtime& runtime, const std::string& model, const ort_options& options);

// Index into dtype_names; throws failure("bad-request").
int ort_dtype(const std::string& name);
// Bytes of so many elements, packed ones rounded up.
uint64_t ort_bytes(int dtype, uint64_t elements);

// A tensor on memory that stays the caller's.
ort::Value* ort_tensor_on(const ort_runtime& runtime, void* data, uint64_t bytes, const std::vector<int64_t>& shape, int dtype);
// A tensor of strings from a file of them: for each a length (32 bits, little-endian), then its bytes in UTF-8.
ort::Value* ort_strings_from(const ort_runtime& runtime, const tensor_file& file);

// The value of an input; the bytes of its tensors are kept in `memory`, which must live as long.
ort::Value* ort_value_from(const ort_runtime& runtime, const tensor_file& file, std::vector<loaded_file>& memory);

// Writes a value to `file` (empty: not written) and describes it: {name, dtype, shape, bytes}, or {name, kind: "sequence", items: [...]}, whose
// items go to `file`.0, `file`.1 and so on.
json::value write_ort_value(const ort_runtime& runtime, const ort::Value* value, const std::string& name, const std::string& file);

}  // namespace runner

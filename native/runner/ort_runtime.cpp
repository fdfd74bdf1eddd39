#include "ort_runtime.hpp"

#include <dlfcn.h>

#include "cpu.hpp"
#include "loaded_file.hpp"
#include "ort.hpp"

namespace runner {

using namespace ort;

const ApiBase* open_ort_base(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw failure("no-library", dlerror());
  const auto get = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
  if (get == nullptr) throw failure("no-library", path + " does not export OrtGetApiBase");
  return get();
}

const ort_runtime& open_ort(const std::string& path) {
  static ort_runtime the;
  if (the.env != nullptr) {
    if (the.path != path) throw failure("bad-request", "another ONNX Runtime is already loaded: " + the.path);
    return the;
  }
  the.path = path;
  the.base = open_ort_base(path);
  the.table = the.base->GetApi(api_version);
  if (the.table == nullptr) throw failure("no-library", path + " does not serve API version " + std::to_string(api_version));
  constexpr int errors_only = 3;
  the.call(CreateEnv, errors_only, "fusionscope", &the.env);
  constexpr int device_allocator = 0, default_memory = 0;
  the.call(CreateCpuMemoryInfo, device_allocator, default_memory, &the.cpu);
  the.call(GetAllocatorWithDefaultOptions, &the.allocator);
  return the;
}

Session* open_ort_session(const ort_runtime& runtime, const std::string& model, const ort_options& options) {
  Session* session = nullptr;
  SessionOptions* o = nullptr;
  runtime.call(CreateSessionOptions, &o);
  try {
    runtime.call(SetSessionGraphOptimizationLevel, o, options.optimisation);
    runtime.call(SetIntraOpNumThreads, o, options.threads);
    runtime.call(SetInterOpNumThreads, o, 1);
    runtime.call(AddSessionConfigEntry, o, "session.intra_op.allow_spinning", options.spinning ? "1" : "0");
    runtime.call(AddSessionConfigEntry, o, "session.inter_op.allow_spinning", "0");
    if (options.quiet_between_runs) runtime.call(AddSessionConfigEntry, o, "session.force_spinning_stop", "1");
    // Its threads are pinned as ours are: thread 0 is the caller, the others take the next CPUs of the same order (counted from 1 in this
    // option).
    const std::vector<int> cpus = cpu_order();
    if (options.threads > 1 && options.threads <= static_cast<int>(cpus.size())) {
      std::string affinities;
      for (int t = 1; t < options.threads; t++) affinities += (t > 1 ? ";" : "") + std::to_string(cpus[static_cast<size_t>(t)] + 1);
      runtime.call(AddSessionConfigEntry, o, "session.intra_op_thread_affinities", affinities.c_str());
    }
    // Threads that it creates without that inherit the caller's CPU mask.
    unpin_main_thread();
    runtime.call(CreateSession, static_cast<const Env*>(runtime.env), model.c_str(), static_cast<const SessionOptions*>(o), &session);
  } catch (const failure&) {
    pin_main_thread();
    runtime.release(ReleaseSessionOptions, o);
    throw;
  }
  pin_main_thread();
  runtime.release(ReleaseSessionOptions, o);
  return session;
}

int ort_dtype(const std::string& name) {
  for (int i = 0; i < dtype_count; i++)
    if (dtype_names[i] != nullptr && name == dtype_names[i]) return i;
  throw failure("bad-request", "ONNX Runtime inputs cannot be of type '" + name + "' here");
}

uint64_t ort_bytes(int dtype, uint64_t elements) { return (elements * static_cast<uint64_t>(dtype_bits[dtype]) + 7) / 8; }

Value* ort_tensor_on(const ort_runtime& runtime, void* data, uint64_t bytes, const std::vector<int64_t>& shape, int dtype) {
  static unsigned char nothing[64];
  Value* v = nullptr;
  runtime.call(CreateTensorWithDataAsOrtValue, static_cast<const MemoryInfo*>(runtime.cpu), data == nullptr ? static_cast<void*>(nothing) : data,
               static_cast<size_t>(bytes), shape.data(), shape.size(), creation_number(dtype), &v);
  return v;
}

namespace {

// Values that are released whatever happens.
struct owned_values {
  const ort_runtime& runtime;
  std::vector<Value*> values;
  ~owned_values() {
    for (Value* v : values)
      if (v != nullptr) runtime.release(ReleaseValue, v);
  }
};

}  // namespace

Value* ort_strings_from(const ort_runtime& runtime, const tensor_file& t) {
  const loaded_file in(t.file);
  uint64_t count = 1, at = 0;
  for (const int64_t d : t.shape) count *= static_cast<uint64_t>(d);
  std::vector<std::string> texts;
  while (at + 4 <= in.size()) {
    uint32_t length = 0;
    std::memcpy(&length, in.data() + at, 4);
    at += 4;
    if (length > in.size() - at) throw failure("bad-request", t.file + " is cut off");
    texts.emplace_back(reinterpret_cast<const char*>(in.data() + at), length);
    at += length;
  }
  if (texts.size() != count) throw failure("bad-request", t.file + " does not hold as many strings as its shape needs");
  std::vector<const char*> pointers;
  for (const auto& s : texts) pointers.push_back(s.c_str());
  Value* v = nullptr;
  constexpr int string_type = 8;
  runtime.call(CreateTensorAsOrtValue, runtime.allocator, t.shape.data(), t.shape.size(), string_type, &v);
  owned_values made{runtime, {v}};
  runtime.call(FillStringTensor, v, pointers.data(), pointers.size());
  made.values.clear();
  return v;
}

namespace {

Value* sequence_from(const ort_runtime& runtime, const tensor_file& t, std::vector<loaded_file>& memory) {
  if (t.items.empty()) throw failure("unsupported", "an empty sequence as input '" + t.name + "'");
  owned_values items{runtime, {}};
  for (const auto& item : t.items) items.values.push_back(ort_value_from(runtime, item, memory));
  Value* v = nullptr;
  runtime.call(CreateValue, static_cast<const Value* const*>(items.values.data()), items.values.size(), value_sequence, &v);
  return v;
}

}  // namespace

Value* ort_value_from(const ort_runtime& runtime, const tensor_file& t, std::vector<loaded_file>& memory) {
  if (t.sequence) return sequence_from(runtime, t, memory);
  if (t.dtype == "string") return ort_strings_from(runtime, t);
  const int dtype = ort_dtype(t.dtype);
  uint64_t elements = 1;
  for (const int64_t d : t.shape) elements *= static_cast<uint64_t>(d);
  const uint64_t bytes = ort_bytes(dtype, elements);
  memory.emplace_back(t.file);
  if (memory.back().size() != bytes)
    throw failure("bad-request",
                  t.file + " has " + std::to_string(memory.back().size()) + " bytes, its shape needs " + std::to_string(bytes));
  return ort_tensor_on(runtime, memory.back().data(), bytes, t.shape, dtype);
}

namespace {

struct tensor_description {
  int dtype = 0;
  std::vector<int64_t> shape;
  uint64_t elements = 0;
};

tensor_description describe_tensor(const ort_runtime& runtime, const Value* value) {
  TensorInfo* info = nullptr;
  runtime.call(GetTensorTypeAndShape, value, &info);
  tensor_description d;
  size_t rank = 0, count = 0;
  const auto* i = static_cast<const TensorInfo*>(info);
  runtime.call(GetTensorElementType, i, &d.dtype);
  runtime.call(GetDimensionsCount, i, &rank);
  d.shape.resize(rank);
  runtime.call(GetDimensions, i, d.shape.data(), rank);
  runtime.call(GetTensorShapeElementCount, i, &count);
  runtime.release(ReleaseTensorTypeAndShapeInfo, info);
  d.elements = count;
  return d;
}

// The strings of a tensor in the form that ort_strings_from reads.
std::string strings_of(const ort_runtime& runtime, const Value* value, uint64_t count) {
  size_t bytes = 0;
  runtime.call(GetStringTensorDataLength, value, &bytes);
  std::string text(bytes, 0), out;
  std::vector<size_t> starts(count);
  if (count > 0) runtime.call(GetStringTensorContent, value, static_cast<void*>(&text[0]), bytes, starts.data(), starts.size());
  for (size_t i = 0; i < count; i++) {
    const size_t end = i + 1 < count ? starts[i + 1] : bytes;
    const auto length = static_cast<uint32_t>(end - starts[i]);
    out.append(reinterpret_cast<const char*>(&length), 4);
    out.append(text, starts[i], length);
  }
  return out;
}

json::value write_tensor(const ort_runtime& runtime, const Value* value, const std::string& name, const std::string& file) {
  const tensor_description d = describe_tensor(runtime, value);
  if (d.dtype <= 0 || d.dtype >= dtype_count || dtype_names[d.dtype] == nullptr)
    throw failure("unsupported", "output '" + name + "' has an element type without a raw form");
  json::array shape;
  for (const int64_t n : d.shape) shape.push_back(n);
  uint64_t bytes = ort_bytes(d.dtype, d.elements);
  if (dtype_bits[d.dtype] == 0) {
    const std::string text = strings_of(runtime, value, d.elements);
    bytes = text.size();
    if (!file.empty()) write_file(file, text.data(), bytes);
  } else if (!file.empty()) {
    void* data = nullptr;
    runtime.call(GetTensorMutableData, const_cast<Value*>(value), &data);
    write_file(file, data, bytes);
  }
  return json::object{{"name", name}, {"dtype", dtype_names[d.dtype]}, {"shape", std::move(shape)}, {"bytes", bytes}};
}

}  // namespace

json::value write_ort_value(const ort_runtime& runtime, const Value* value, const std::string& name, const std::string& file) {
  int is_tensor = 0;
  runtime.call(IsTensor, value, &is_tensor);
  if (is_tensor != 0) return write_tensor(runtime, value, name, file);
  int kind = 0;
  runtime.call(GetValueType, value, &kind);
  if (kind != value_sequence && kind != value_map) throw failure("unsupported", "output '" + name + "' is neither a tensor, a sequence nor a map");
  size_t count = 0;
  runtime.call(GetValueCount, value, &count);
  json::array items;
  for (size_t i = 0; i < count; i++) {
    Value* item = nullptr;
    runtime.call(GetValue, value, static_cast<int>(i), runtime.allocator, &item);
    const owned_values made{runtime, {item}};
    items.push_back(write_ort_value(runtime, item, name, file.empty() ? file : file + "." + std::to_string(i)));
  }
  return json::object{{"name", name}, {"kind", kind == value_map ? "map" : "sequence"}, {"bytes", 0}, {"items", std::move(items)}};
}

}  // namespace runner

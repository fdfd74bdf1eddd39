#include "ort.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

#include "cpu.hpp"
#include "failure.hpp"

namespace runner {

namespace {

using namespace ort;

// One library per process: a second path would load a second copy of its global state.
struct runtime {
  std::string path;
  const ApiBase* base = nullptr;
  void* const* table = nullptr;
  Env* env = nullptr;
  MemoryInfo* cpu = nullptr;
  Allocator* allocator = nullptr;

  template <class... Arguments>
  void call(Slot slot, Arguments... arguments) const {
    const auto f = reinterpret_cast<Status* (*)(Arguments...)>(table[slot]);
    if (Status* status = f(arguments...)) {
      const auto message = reinterpret_cast<const char* (*)(const Status*)>(table[GetErrorMessage]);
      const std::string text = message(status);
      release(ReleaseStatus, status);
      throw failure("ort", text);
    }
  }
  template <class T>
  void release(Slot slot, T* p) const {
    reinterpret_cast<void (*)(T*)>(table[slot])(p);
  }
};

const ApiBase* open_base(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw failure("no-library", dlerror());
  const auto get = reinterpret_cast<const ApiBase* (*)()>(dlsym(library, "OrtGetApiBase"));
  if (get == nullptr) throw failure("no-library", path + " does not export OrtGetApiBase");
  return get();
}

runtime& open_runtime(const std::string& path) {
  static runtime the;
  if (the.env != nullptr) {
    if (the.path != path) throw failure("bad-request", "another ONNX Runtime is already loaded: " + the.path);
    return the;
  }
  the.path = path;
  the.base = open_base(path);
  the.table = the.base->GetApi(api_version);
  if (the.table == nullptr) throw failure("no-library", path + " does not serve API version " + std::to_string(api_version));
  constexpr int errors_only = 3;
  the.call(CreateEnv, errors_only, "fusionscope", &the.env);
  constexpr int device_allocator = 0, default_memory = 0;
  the.call(CreateCpuMemoryInfo, device_allocator, default_memory, &the.cpu);
  the.call(GetAllocatorWithDefaultOptions, &the.allocator);
  return the;
}

runtime* current = nullptr;

std::string take_name(Slot slot, const Session* session, size_t i) {
  char* name = nullptr;
  current->call(slot, session, i, current->allocator, &name);
  std::string copy = name;
  current->call(AllocatorFree, current->allocator, static_cast<void*>(name));
  return copy;
}

int dtype_index(const std::string& name) {
  for (int i = 0; i < dtype_count; i++)
    if (dtype_names[i] != nullptr && name == dtype_names[i]) return i;
  throw failure("bad-request", "ONNX Runtime inputs cannot be of type '" + name + "' here");
}

struct tensor_description {
  int dtype = 0;
  std::vector<int64_t> shape;
  uint64_t bytes = 0;
  void* data = nullptr;
};

tensor_description describe_tensor(Value* value, const std::string& name) {
  int is_tensor = 0;
  current->call(IsTensor, static_cast<const Value*>(value), &is_tensor);
  if (is_tensor == 0) throw failure("unsupported", "output '" + name + "' is not a tensor");
  TensorInfo* info = nullptr;
  current->call(GetTensorTypeAndShape, static_cast<const Value*>(value), &info);
  tensor_description d;
  size_t rank = 0, count = 0;
  const auto* i = static_cast<const TensorInfo*>(info);
  current->call(GetTensorElementType, i, &d.dtype);
  current->call(GetDimensionsCount, i, &rank);
  d.shape.resize(rank);
  current->call(GetDimensions, i, d.shape.data(), rank);
  current->call(GetTensorShapeElementCount, i, &count);
  current->release(ReleaseTensorTypeAndShapeInfo, info);
  if (d.dtype <= 0 || d.dtype >= dtype_count || dtype_bytes[d.dtype] == 0)
    throw failure("unsupported", "output '" + name + "' has an element type without a raw form");
  d.bytes = count * static_cast<uint64_t>(dtype_bytes[d.dtype]);
  current->call(GetTensorMutableData, value, &d.data);
  return d;
}

}  // namespace

std::string ort_version(const std::string& path) { return open_base(path)->GetVersionString(); }

ort_session::ort_session(const std::string& library, const std::string& model, const ort_options& options) : ort_session() {
  current = &open_runtime(library);
  threads_ = options.threads;
  SessionOptions* o = nullptr;
  current->call(CreateSessionOptions, &o);
  try {
    current->call(SetSessionGraphOptimizationLevel, o, options.optimisation);
    current->call(SetIntraOpNumThreads, o, options.threads);
    current->call(SetInterOpNumThreads, o, 1);
    current->call(AddSessionConfigEntry, o, "session.intra_op.allow_spinning", options.spinning ? "1" : "0");
    current->call(AddSessionConfigEntry, o, "session.inter_op.allow_spinning", "0");
    // Its threads are pinned as ours are: thread 0 is the caller, the others take the next CPUs of the same order (counted from 1 in this
    // option).
    const std::vector<int> cpus = cpu_order();
    if (options.threads > 1 && options.threads <= static_cast<int>(cpus.size())) {
      std::string affinities;
      for (int t = 1; t < options.threads; t++) affinities += (t > 1 ? ";" : "") + std::to_string(cpus[static_cast<size_t>(t)] + 1);
      current->call(AddSessionConfigEntry, o, "session.intra_op_thread_affinities", affinities.c_str());
    }
    // Threads that it creates without that inherit the caller's CPU mask.
    unpin_main_thread();
    current->call(CreateSession, static_cast<const Env*>(current->env), model.c_str(), static_cast<const SessionOptions*>(o), &session_);
  } catch (const failure&) {
    pin_main_thread();
    current->release(ReleaseSessionOptions, o);
    throw;
  }
  pin_main_thread();
  current->release(ReleaseSessionOptions, o);
  const auto* s = static_cast<const Session*>(session_);
  size_t inputs = 0, outputs = 0;
  current->call(SessionGetInputCount, s, &inputs);
  current->call(SessionGetOutputCount, s, &outputs);
  for (size_t i = 0; i < inputs; i++) input_names_.push_back(take_name(SessionGetInputName, s, i));
  for (size_t i = 0; i < outputs; i++) output_names_.push_back(take_name(SessionGetOutputName, s, i));
  for (const auto& n : output_names_) output_name_pointers_.push_back(n.c_str());
}

ort_session::~ort_session() {
  release_values();
  if (session_ != nullptr) current->release(ReleaseSession, session_);
}

void ort_session::release_values() {
  for (auto* list : {&input_values_, &output_values_}) {
    for (Value* v : *list)
      if (v != nullptr) current->release(ReleaseValue, v);
    list->clear();
  }
}

void ort_session::bind(const std::vector<tensor_file>& inputs) {
  release_values();
  inputs_.clear();
  bound_names_.clear();
  for (size_t i = 0; i < inputs.size(); i++) {
    const tensor_file& t = inputs[i];
    const int dtype = dtype_index(t.dtype);
    uint64_t bytes = static_cast<uint64_t>(dtype_bytes[dtype]);
    for (const int64_t d : t.shape) bytes *= static_cast<uint64_t>(d);
    inputs_.emplace_back(t.file);
    if (inputs_.back().size() != bytes)
      throw failure("bad-request",
                    t.file + " has " + std::to_string(inputs_.back().size()) + " bytes, its shape needs " + std::to_string(bytes));
    const std::string* known = nullptr;
    for (const auto& n : input_names_)
      if (n == t.name) known = &n;
    if (known == nullptr) throw failure("bad-request", "the model has no input '" + t.name + "'");
    bound_names_.push_back(known->c_str());
    Value* v = nullptr;
    current->call(CreateTensorWithDataAsOrtValue, static_cast<const MemoryInfo*>(current->cpu), static_cast<void*>(inputs_.back().data()),
                  static_cast<size_t>(bytes), t.shape.data(), t.shape.size(), dtype, &v);
    input_values_.push_back(v);
  }
  output_values_.assign(output_names_.size(), nullptr);
}

// The first run lets the library allocate the outputs; later runs write into the same ones.
void ort_session::run() {
  current->call(Run, session_, static_cast<const void*>(nullptr), bound_names_.data(),
                static_cast<const Value* const*>(input_values_.data()), input_values_.size(), output_name_pointers_.data(),
                output_name_pointers_.size(), output_values_.data());
}

namespace {

// Does any other thread of this process want the CPU? From the state letter after the name in /proc/self/task/TID/stat: R is running or
// waiting for a CPU.
bool others_run() {
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  bool busy = false;
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return false;
  while (const dirent* e = readdir(tasks)) {
    if (e->d_name[0] == '.' || std::atoi(e->d_name) == self) continue;
    std::ifstream in(std::string("/proc/self/task/") + e->d_name + "/stat");
    std::string text;
    std::getline(in, text);
    const size_t name_end = text.rfind(')');
    busy = busy || (name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] == 'R');
  }
  closedir(tasks);
  return busy;
}

}  // namespace

// Its threads go on spinning for some milliseconds after a run, ready for the next one. That is part of its speed, so it is left on, and
// parking means waiting until they have given up.
void ort_session::park(bool parked) {
  if (!parked || threads_ == 1) return;
  constexpr timespec pause{0, 200000};
  for (int i = 0; i < 500 && others_run(); i++) nanosleep(&pause, nullptr);
}

json::value ort_session::write_outputs(const std::vector<std::string>& files) {
  json::array written;
  for (size_t i = 0; i < output_values_.size(); i++) {
    if (output_values_[i] == nullptr) throw failure("bad-request", "nothing has been run yet");
    const tensor_description d = describe_tensor(output_values_[i], output_names_[i]);
    if (i < files.size() && !files[i].empty()) write_file(files[i], d.data, d.bytes);
    json::array shape;
    for (const int64_t n : d.shape) shape.push_back(n);
    written.push_back(
        json::object{{"name", output_names_[i]}, {"dtype", dtype_names[d.dtype]}, {"shape", std::move(shape)}, {"bytes", d.bytes}});
  }
  return written;
}

json::value ort_session::describe() const {
  json::array inputs, outputs;
  for (const auto& n : input_names_) inputs.push_back(n);
  for (const auto& n : output_names_) outputs.push_back(n);
  return json::object{{"version", current->base->GetVersionString()}, {"inputs", std::move(inputs)}, {"outputs", std::move(outputs)}};
}

}  // namespace runner

#include "ort.hpp"

#include "ort_runtime.hpp"
#include "parked.hpp"

namespace runner {

using namespace ort;

namespace {

const ort_runtime* current = nullptr;

std::string take_name(Slot slot, const Session* session, size_t i) {
  char* name = nullptr;
  current->call(slot, session, i, current->allocator, &name);
  std::string copy = name;
  current->call(AllocatorFree, current->allocator, static_cast<void*>(name));
  return copy;
}

}  // namespace

std::string ort_version(const std::string& path) { return open_ort_base(path)->GetVersionString(); }

ort_session::ort_session(const std::string& library, const std::string& model, const ort_options& options) : ort_session() {
  current = &open_ort(library);
  threads_ = options.threads;
  session_ = open_ort_session(*current, model, options);
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
    const std::string* known = nullptr;
    for (const auto& n : input_names_)
      if (n == t.name) known = &n;
    if (known == nullptr) throw failure("bad-request", "the model has no input '" + t.name + "'");
    bound_names_.push_back(known->c_str());
    input_values_.push_back(ort_value_from(*current, t, inputs_));
  }
  output_values_.assign(output_names_.size(), nullptr);
}

// The first run lets the library allocate the outputs; later runs write into the same ones.
void ort_session::run() {
  current->call(Run, session_, static_cast<const void*>(nullptr), bound_names_.data(),
                static_cast<const Value* const*>(input_values_.data()), input_values_.size(), output_name_pointers_.data(),
                output_name_pointers_.size(), output_values_.data());
}

// Its threads go on spinning for some milliseconds after a run, ready for the next one. That is part of its speed, so it is left on, and
// parking means waiting until they have given up.
void ort_session::park(bool parked) {
  if (!parked || threads_ == 1) return;
  wait_for_other_threads();
}

json::value ort_session::write_outputs(const std::vector<std::string>& files) {
  json::array written;
  for (size_t i = 0; i < output_values_.size(); i++) {
    if (output_values_[i] == nullptr) throw failure("bad-request", "nothing has been run yet");
    written.push_back(write_ort_value(*current, output_values_[i], output_names_[i], i < files.size() ? files[i] : ""));
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

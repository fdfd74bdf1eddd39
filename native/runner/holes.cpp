#include "holes.hpp"

#include <cstring>

#include "cpu.hpp"
#include "ort.hpp"

namespace runner {

using namespace ort;

namespace {

// Does the library lack something, or is the model wrong? Its error codes do not tell.
bool is_unknown_operator(const std::string& text) {
  for (const char* says : {"No Op registered", "is not a registered function/op", "Could not find an implementation", "NOT_IMPLEMENTED"})
    if (text.find(says) != std::string::npos) return true;
  return false;
}

}  // namespace

hole_host::hole_host(const ort_runtime& runtime, size_t slots) : runtime_(runtime), slots_(slots, nullptr), given_(slots, false) {}

// What is open belongs to the object at once: when a later part is refused, the destructor closes it.
hole_host::hole_host(const std::string& library, const std::vector<hole_spec>& specs, int slots, int threads)
    : hole_host(open_ort(library), static_cast<size_t>(slots)) {
  ort_options options;
  options.threads = threads;
  // Between two holes our own threads need the CPUs.
  options.quiet_between_runs = true;
  for (const hole_spec& spec : specs) {
    hole& h = holes_.emplace_back();
    h.what = spec.what;
    try {
      h.session = open_ort_session(runtime_, spec.model, options);
    } catch (const failure& e) {
      throw failure(is_unknown_operator(e.what()) ? "hole-load" : "hole-invalid", spec.what + ": " + e.what());
    }
    for (const auto& o : spec.inputs) h.inputs.push_back(make(o));
    for (const auto& o : spec.outputs) h.outputs.push_back(make(o));
  }
  // The strings stay where they are from here on.
  for (hole& h : holes_) {
    for (const bound& b : h.inputs) h.input_names.push_back(b.operand.name.c_str());
    for (const bound& b : h.outputs) h.output_names.push_back(b.operand.name.c_str());
    h.input_values.assign(h.inputs.size(), nullptr);
    h.output_values.assign(h.outputs.size(), nullptr);
  }
}

hole_host::~hole_host() {
  for (Value* v : slots_)
    if (v != nullptr) runtime_.release(ReleaseValue, v);
  for (hole& h : holes_) {
    for (auto* list : {&h.inputs, &h.outputs})
      for (bound& b : *list)
        if (b.value != nullptr) runtime_.release(ReleaseValue, b.value);
    if (h.session != nullptr) runtime_.release(ReleaseSession, h.session);
  }
}

hole_host::bound hole_host::make(const hole_operand& operand) const {
  bound b;
  b.operand = operand;
  if (operand.host >= static_cast<int>(slots_.size())) throw failure("bad-request", "no slot " + std::to_string(operand.host));
  if (operand.host >= 0) return b;
  uint64_t elements = 1;
  for (const int64_t d : operand.shape) elements *= static_cast<uint64_t>(d);
  b.dtype = ort_dtype(operand.dtype);
  b.bytes = ort_bytes(b.dtype, elements);
  return b;
}

void hole_host::set(int slot, const tensor_file& file) {
  const auto at = static_cast<size_t>(slot);
  if (at >= slots_.size()) throw failure("bad-request", "no slot " + std::to_string(slot));
  if (slots_[at] != nullptr) runtime_.release(ReleaseValue, slots_[at]);
  slots_[at] = nullptr;
  std::vector<loaded_file>& memory = files_[slot];
  memory.clear();
  slots_[at] = ort_value_from(runtime_, file, memory);
  given_[at] = true;
}

void hole_host::begin() {
  failed_.clear();
  for (size_t i = 0; i < slots_.size(); i++) {
    if (given_[i] || slots_[i] == nullptr) continue;
    runtime_.release(ReleaseValue, slots_[i]);
    slots_[i] = nullptr;
  }
}

void hole_host::check() const {
  if (!failed_.empty()) throw failure("hole-run", failed_);
}

json::value hole_host::write(int slot, const std::string& name, const std::string& file) const {
  const Value* v = slots_.at(static_cast<size_t>(slot));
  if (v == nullptr) throw failure("bad-request", "nothing has been run yet");
  return write_ort_value(runtime_, v, name, file);
}

Value* hole_host::on(bound& b, const void* memory) const {
  if (b.value != nullptr && b.at == memory) return b.value;
  if (b.value != nullptr) runtime_.release(ReleaseValue, b.value);
  b.value = ort_tensor_on(runtime_, const_cast<void*>(memory), b.bytes, b.operand.shape, b.dtype);
  b.at = memory;
  return b.value;
}

void hole_host::run(hole& h, const void* const* operands, void* const* results) {
  for (size_t i = 0; i < h.inputs.size(); i++) {
    bound& b = h.inputs[i];
    h.input_values[i] = b.operand.host >= 0 ? slots_[static_cast<size_t>(b.operand.host)] : on(b, operands[i]);
    if (h.input_values[i] == nullptr) throw failure("hole-run", "operand " + b.operand.name + " has no value");
  }
  for (size_t i = 0; i < h.outputs.size(); i++) h.output_values[i] = h.outputs[i].operand.host >= 0 ? nullptr : on(h.outputs[i], results[i]);
  runtime_.call(Run, h.session, static_cast<const void*>(nullptr), h.input_names.data(), h.input_values.data(), h.input_values.size(),
                h.output_names.data(), h.output_names.size(), h.output_values.data());
  for (size_t i = 0; i < h.outputs.size(); i++)
    if (h.outputs[i].operand.host >= 0) slots_[static_cast<size_t>(h.outputs[i].operand.host)] = h.output_values[i];
}

void hole_host::call(void* self, uint32_t index, const void* const* operands, void* const* results) {
  auto* host = static_cast<hole_host*>(self);
  hole& h = host->holes_[index];
  if (host->failed_.empty()) {
    try {
      host->run(h, operands, results);
    } catch (const std::exception& e) {
      host->failed_ = h.what + ": " + e.what();
    }
    set_default_mxcsr();
    if (host->failed_.empty()) return;
  }
  // Native code goes on with the results: zeros cannot lead it astray, whatever indices it makes of them.
  for (size_t i = 0; i < h.outputs.size(); i++)
    if (h.outputs[i].operand.host < 0 && results[i] != nullptr) std::memset(results[i], 0, h.outputs[i].bytes);
}

}  // namespace runner

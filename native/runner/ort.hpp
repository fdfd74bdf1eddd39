// ONNX Runtime as a target: its shared library opened by path, a session per model, timed in this process and by this clock.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "loaded_file.hpp"
#include "ort_api.hpp"
#include "target.hpp"

namespace runner {

struct ort_options {
  int threads = 1;
  // 0: none, 1: basic, 2: extended, 99: all
  int optimisation = 99;
  // May its threads spin while they wait for work (its default)? Parking waits until they have stopped.
  bool spinning = true;
  // May they spin during a run only?
  bool quiet_between_runs = false;
};

class ort_session final : public target {
 public:
  ort_session(const std::string& library, const std::string& model, const ort_options& options);
  ~ort_session() override;
  ort_session(const ort_session&) = delete;

  void bind(const std::vector<tensor_file>& inputs) override;
  void run() override;
  json::value write_outputs(const std::vector<std::string>& files) override;
  void park(bool parked) override;
  json::value describe() const;

 private:
  ort_session() = default;
  void release_values();

  int threads_ = 1;
  ort::Session* session_ = nullptr;
  std::vector<std::string> input_names_, output_names_;
  std::vector<loaded_file> inputs_;
  std::vector<ort::Value*> input_values_, output_values_;
  std::vector<const char*> bound_names_, output_name_pointers_;
};

// Version of the library at `path`, e.g. "1.30.0"; throws failure("no-library").
std::string ort_version(const std::string& path);

}  // namespace runner

// The runner's methods: request in, result out. The typed twin with the meaning of each field is compiler-core/protocol/runner.ts.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "counters.hpp"
#include "json.hpp"
#include "module.hpp"
#include "onednn.hpp"
#include "ort.hpp"

namespace runner {

class commands {
 public:
  json::value handle(const std::string& method, const json::value& request);
  std::function<bool(double)> on_progress = [](double) { return true; };

 private:
  json::value hello(const json::value& request);
  json::value load(const json::value& request);
  json::value load_ort(const json::value& request);
  json::value load_onednn(const json::value& request);
  json::value unload(const json::value& request);
  json::value run(const json::value& request);
  json::value run_bench(const json::value& request);
  json::value profile(const json::value& request);
  json::value sample(const json::value& request);
  json::value measure_peaks(const json::value& request);
  json::value measure_launch_cost(const json::value& request);
  json::value measure_latencies(const json::value& request);
  json::value measure_read_rates(const json::value& request);

  target& find(const json::value& id);
  compiled_module& find_module(const json::value& id);
  json::value add(std::unique_ptr<target> t, json::value description);

  std::vector<counter_event> counters_;  // as the client has named them in `hello`
  std::map<int64_t, std::unique_ptr<target>> targets_;
  int64_t next_ = 1;
};

}  // namespace runner

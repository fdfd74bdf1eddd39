#include "commands.hpp"

#include "bench.hpp"
#include "clock.hpp"
#include "counters.hpp"
#include "cpu.hpp"
#include "failure.hpp"
#include "launch_cost.hpp"
#include "memory.hpp"
#include "peaks.hpp"
#include "sampler.hpp"

namespace runner {

namespace {

constexpr int protocol_version = 2;

std::vector<tensor_file> tensor_files(const json::value& list) {
  std::vector<tensor_file> all;
  for (const auto& t : list.items()) {
    tensor_file f;
    f.name = t.string_or("name", "");
    f.dtype = t.string_or("dtype", "");
    f.sequence = !t["items"].is_null();
    if (f.sequence)
      f.items = tensor_files(t["items"]);
    else
      f.file = t["file"].as_string();
    if (!t["shape"].is_null())
      for (const auto& d : t["shape"].items()) f.shape.push_back(d.as_int());
    all.push_back(std::move(f));
  }
  return all;
}

std::vector<std::string> file_names(const json::value& list) {
  std::vector<std::string> all;
  if (!list.is_null())
    for (const auto& t : list.items()) all.push_back(t["file"].as_string());
  return all;
}

}  // namespace

json::value commands::handle(const std::string& method, const json::value& request) {
  using handler = json::value (commands::*)(const json::value&);
  static const std::map<std::string, handler> table = {
      {"hello", &commands::hello},     {"load", &commands::load},     {"load-ort", &commands::load_ort}, {"load-onednn", &commands::load_onednn},
      {"unload", &commands::unload},   {"run", &commands::run},       {"bench", &commands::run_bench},
      {"profile", &commands::profile}, {"sample", &commands::sample}, {"peaks", &commands::measure_peaks},
      {"launch-cost", &commands::measure_launch_cost},
      {"latencies", &commands::measure_latencies}, {"read-rates", &commands::measure_read_rates},
  };
  const auto found = table.find(method);
  if (found == table.end()) throw failure("bad-request", "unknown method '" + method + "'");
  return (this->*found->second)(request);
}

target& commands::find(const json::value& id) {
  const auto found = targets_.find(id.as_int());
  if (found == targets_.end()) throw failure("bad-request", "no target " + std::to_string(id.as_int()));
  return *found->second;
}

compiled_module& commands::find_module(const json::value& id) {
  auto* m = dynamic_cast<compiled_module*>(&find(id));
  if (m == nullptr) throw failure("bad-request", "target " + std::to_string(id.as_int()) + " is not a compiled model");
  return *m;
}

json::value commands::add(std::unique_ptr<target> t, json::value description) {
  t->park(true);
  targets_[next_] = std::move(t);
  description.set("target", next_++);
  return description;
}

json::value commands::hello(const json::value& request) {
  json::value ort;
  if (!request["events"].is_null()) counters_ = counter_events(request["events"]);
  const std::string library = request.string_or("ortLibrary", "");
  if (library.empty()) {
    ort = json::object{{"valid", false}, {"why", "no library path given"}};
  } else {
    try {
      ort = json::object{{"valid", true}, {"version", ort_version(library)}};
    } catch (const failure& e) {
      ort = json::object{{"valid", false}, {"why", e.what()}};
    }
  }
  return json::object{{"protocol", protocol_version},   {"abi", FS_ABI_VERSION}, {"pid", getpid()},
                      {"isa", isa_names(usable_isa())}, {"cpu", describe_cpu()}, {"counters", describe_counters(counters_, system_perf())},
                      {"ticksPerNs", ticks_per_ns()},   {"ort", std::move(ort)}};
}

namespace {

std::vector<int64_t> shape_of(const json::value& list) {
  std::vector<int64_t> shape;
  if (!list.is_null())
    for (const auto& d : list.items()) shape.push_back(d.as_int());
  return shape;
}

std::vector<hole_operand> hole_operands(const json::value& list) {
  std::vector<hole_operand> all;
  for (const auto& o : list.items())
    all.push_back({o["name"].as_string(), o.string_or("dtype", ""), shape_of(o["shape"]), static_cast<int>(o.int_or("host", -1))});
  return all;
}

std::vector<int> ports_of(const json::value& list) {
  std::vector<int> all;
  if (!list.is_null())
    for (const auto& slot : list.items()) all.push_back(static_cast<int>(slot.as_int()));
  return all;
}

std::unique_ptr<hole_host> holes_of(const json::value& request, int threads) {
  if (request["holes"].is_null()) return nullptr;
  std::vector<hole_spec> specs;
  for (const auto& h : request["holes"].items())
    specs.push_back({h["model"].as_string(), h.string_or("what", "a part of the model"), hole_operands(h["inputs"]), hole_operands(h["outputs"])});
  return std::make_unique<hole_host>(request["ortLibrary"].as_string(), specs, static_cast<int>(request.int_or("hostValues", 0)), threads);
}

}  // namespace

json::value commands::load(const json::value& request) {
  std::vector<weight_range> weights;
  if (!request["weights"].is_null())
    for (const auto& w : request["weights"].items()) weights.push_back({w["file"].as_string(), w["offset"].as_int(), w["length"].as_int(), w.bool_or("once", false)});
  const int threads = static_cast<int>(request.int_or("threads", 0));
  auto m = std::make_unique<compiled_module>(request["so"].as_string(), weights, threads, request.string_or("prefix", ""),
                                             holes_of(request, std::max(1, threads)),
                                             module_ports{ports_of(request["inputPorts"]), ports_of(request["outputPorts"])});
  const json::value& packed = request["packed"];
  m->prepare(packed.is_null() ? "" : packed["file"].as_string(), !packed.is_null() && packed.bool_or("keep", false));
  json::value description = m->describe();
  return add(std::move(m), std::move(description));
}

json::value commands::load_ort(const json::value& request) {
  ort_options o;
  o.threads = static_cast<int>(request.int_or("threads", 1));
  o.optimisation = static_cast<int>(request.int_or("optimisation", 99));
  o.spinning = request.bool_or("spinning", true);
  auto s = std::make_unique<ort_session>(request["library"].as_string(), request["model"].as_string(), o);
  json::value description = s->describe();
  return add(std::move(s), std::move(description));
}

json::value commands::load_onednn(const json::value& request) {
  auto p = std::make_unique<onednn_plan>(request["library"].as_string(), request["plan"], static_cast<int>(request.int_or("threads", 1)));
  json::value description = p->describe();
  return add(std::move(p), std::move(description));
}

json::value commands::unload(const json::value& request) {
  find(request["target"]);
  targets_.erase(request["target"].as_int());
  return json::object{{"done", true}};
}

json::value commands::run(const json::value& request) {
  target& t = find(request["target"]);
  t.bind(tensor_files(request["inputs"]));
  t.park(false);
  const int64_t start = now_ns();
  t.run();
  const int64_t ns = now_ns() - start;
  t.park(true);
  return json::object{{"ns", ns}, {"outputs", t.write_outputs(file_names(request["outputs"]))}};
}

json::value commands::run_bench(const json::value& request) {
  std::vector<bench_candidate> candidates;
  for (const auto& c : request["candidates"].items()) {
    target& t = find(c["target"]);
    t.bind(tensor_files(c["inputs"]));
    candidates.push_back({c.string_or("label", "target " + std::to_string(c["target"].as_int())), &t});
  }
  if (candidates.empty()) throw failure("bad-request", "nothing to time");
  // The control: the first candidate once more, as if it were another one. Its ratio to itself shows what the machine's noise alone can do.
  if (request.bool_or("aa", false)) candidates.push_back({candidates[0].label + " (again)", candidates[0].what});
  bench_options o;
  o.min_seconds = request.number_or("minSeconds", o.min_seconds);
  o.max_seconds = request.number_or("maxSeconds", o.max_seconds);
  o.min_runs = static_cast<int>(request.int_or("minRuns", o.min_runs));
  o.burst_ms = request.number_or("burstMs", o.burst_ms);
  o.warmup_ms = request.number_or("warmupMs", o.warmup_ms);
  o.cold_bytes = request.int_or("coldBytes", 0);
  json::value result = bench(candidates, o, on_progress);
  if (auto* m = dynamic_cast<compiled_module*>(candidates[0].what)) result.set("counters", measure_counters(counters_, system_perf(), *m));
  return result;
}

json::value commands::profile(const json::value& request) {
  compiled_module& m = find_module(request["target"]);
  m.bind(tensor_files(request["inputs"]));
  m.park(false);
  m.run();
  m.reset_regions();
  const int64_t runs = std::max<int64_t>(1, request.int_or("runs", 10));
  json::array ns;
  for (int64_t i = 0; i < runs; i++) {
    const int64_t start = now_ns();
    m.run();
    ns.push_back(now_ns() - start);
  }
  m.park(true);
  json::object result{{"runs", runs}, {"ns", std::move(ns)}, {"threads", m.regions()}};
  if (request.bool_or("counters", false)) result.emplace_back("counters", region_counters(counters_, system_perf(), m, runs));
  return result;
}

json::value commands::sample(const json::value& request) {
  compiled_module& m = find_module(request["target"]);
  m.bind(tensor_files(request["inputs"]));
  return sample_module(m, request.number_or("seconds", 1), request.number_or("hz", 1000), on_progress);
}

json::value commands::measure_peaks(const json::value& request) {
  return peaks(static_cast<int>(request.int_or("threads", 1)), request.number_or("seconds", 0.2));
}

json::value commands::measure_latencies(const json::value& request) { return latencies(request); }

json::value commands::measure_read_rates(const json::value& request) { return read_rates(request); }

json::value commands::measure_launch_cost(const json::value& request) {
  std::vector<int> threads;
  for (const auto& n : request["threads"].items()) threads.push_back(static_cast<int>(n.as_int()));
  return launch_cost(threads, request.number_or("seconds", 0.5));
}

}  // namespace runner

#include "counters.hpp"

#include <cerrno>
#include <cstring>

#include "failure.hpp"

namespace runner {

namespace {

counter_kind kind_of(const std::string& name) {
  return name == "software" ? counter_kind::software : name == "uncore" ? counter_kind::uncore : counter_kind::hardware;
}

const char* kind_name(counter_kind kind) {
  return kind == counter_kind::software ? "software" : kind == counter_kind::uncore ? "uncore" : "hardware";
}

// Core events of hybrid processors are those of the performance cores.
std::vector<uint32_t> types_for(const counter_event& e, perf_layer& perf) {
  if (e.unit == "hardware") return {PERF_TYPE_HARDWARE};
  if (e.unit == "software") return {PERF_TYPE_SOFTWARE};
  if (e.unit == "cache") return {PERF_TYPE_HW_CACHE};
  std::vector<uint32_t> types = perf.types_of(e.unit);
  if (types.empty() && e.unit == "cpu") types = perf.types_of("cpu_core");
  return types;
}

bool has_core_unit(perf_layer& perf) { return !perf.types_of("cpu").empty() || !perf.types_of("cpu_core").empty(); }

perf_event_attr attributes(const counter_event& e, uint32_t type, bool leads) {
  perf_event_attr a;
  std::memset(&a, 0, sizeof a);
  a.size = sizeof a;
  a.type = type;
  a.config = e.config;
  a.disabled = leads ? 1 : 0;
  // Uncore units know no privilege level; software events happen in the kernel.
  a.exclude_kernel = e.kind == counter_kind::hardware ? 1 : 0;
  a.exclude_hv = e.kind == counter_kind::uncore ? 0 : 1;
  a.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return a;
}

}  // namespace

std::vector<counter_event> counter_events(const json::value& list) {
  std::vector<counter_event> all;
  if (list.is_null()) return all;
  for (const auto& e : list.items())
    all.push_back({e["name"].as_string(), kind_of(e["kind"].as_string()), e["unit"].as_string(),
                   static_cast<uint64_t>(e["config"].as_int()), static_cast<int>(e["group"].as_int()), e.number_or("scale", 1)});
  return all;
}

void counted::add(const counted& other) {
  value += other.value;
  enabled += other.enabled;
  running += other.running;
  opened = opened || other.opened;
  if (error == 0) error = other.error;
}

std::string counter_reason(const counter_event& e, int error, perf_layer& perf) {
  const int level = perf.paranoid();
  if (error == EACCES || error == EPERM) {
    const int needed = e.kind == counter_kind::uncore ? 0 : 2;
    if (level > needed)
      return "not permitted: kernel.perf_event_paranoid is " + std::to_string(level) +
             "; allow it with: sudo sysctl -w kernel.perf_event_paranoid=" + std::to_string(needed);
    return "not permitted, although kernel.perf_event_paranoid is " + std::to_string(level) +
           ": a container's seccomp filter, or a security module, forbids perf_event_open";
  }
  if (error == ENOSYS) return "the kernel was built without perf events";
  if (error == EMFILE || error == ENFILE) return "too many open files: raise the limit with ulimit -n";
  if (e.kind == counter_kind::software) return error == ENOENT ? "not supported by the kernel" : std::strerror(error);
  if (error == ENOENT || error == ENODEV || error == EOPNOTSUPP) {
    if (e.kind == counter_kind::uncore)
      return "the kernel shows no unit " + e.unit + " (typical for a virtual machine, or its driver is not loaded)";
    if (!has_core_unit(perf)) return "no performance monitoring unit is visible (typical for a virtual machine)";
    return "the kernel knows no such event for this processor";
  }
  if (error == EINVAL) return "this processor does not know the event";
  if (error == EBUSY) return "somebody else holds the counters";
  return std::strerror(error);
}

json::value counter_value(const counter_event& e, const counted& c, double runs, perf_layer& perf) {
  if (c.opened && c.running > 0)
    return json::object{{"valid", true}, {"value", c.value * e.scale * (c.enabled / c.running) / runs}, {"scale", c.enabled / c.running}};
  const std::string why = !c.opened       ? counter_reason(e, c.error, perf)
                          : c.enabled > 0 ? "it never got a turn on the counters: too many were asked for at once"
                                          : "nothing ran while it was on";
  return json::object{{"valid", false}, {"why", why}};
}

open_counters::open_counters(const std::vector<counter_event>& events, pid_t thread, perf_layer& perf)
    : events_(events), perf_(perf), state_(events.size()) {
  int last = -1;
  size_t first = 0;
  for (size_t i = 0; i < events.size(); i++) {
    const counter_event& e = events[i];
    if ((thread < 0) != (e.kind == counter_kind::uncore)) continue;
    if (e.group != last || e.kind == counter_kind::uncore) first = groups_.size();
    last = e.group;
    const std::vector<uint32_t> types = types_for(e, perf);
    if (types.empty()) state_[i].error = ENODEV;
    for (const uint32_t type : types) {
      if (e.kind != counter_kind::uncore) {
        open_event(i, thread, -1, type, first);
        break;
      }
      for (const int cpu : perf.cpus_of(e.unit)) open_event(i, -1, cpu, type, groups_.size());
    }
  }
}

void open_counters::open_event(size_t at, pid_t thread, int cpu, uint32_t type, size_t first) {
  const bool joins = first < groups_.size();
  const counter_event& e = events_[at];
  int fd = perf_.open(attributes(e, type, !joins), thread, cpu, joins ? groups_[first].leader : -1);
  bool alone = !joins;
  // The group may be full, or the event may need a counter that is taken.
  if (fd < 0 && joins) {
    fd = perf_.open(attributes(e, type, true), thread, cpu, -1);
    alone = true;
  }
  if (fd < 0) {
    state_[at].error = -fd;
    return;
  }
  state_[at].opened = true;
  if (alone)
    groups_.push_back({fd, {at}, {fd}});
  else {
    groups_[first].members.push_back(at);
    groups_[first].fds.push_back(fd);
  }
}

open_counters::open_counters(open_counters&& other) noexcept
    : events_(other.events_), perf_(other.perf_), groups_(std::move(other.groups_)), state_(std::move(other.state_)) {
  other.groups_.clear();
}

open_counters::~open_counters() {
  for (const auto& g : groups_)
    for (const int fd : g.fds) perf_.close(fd);
}

void open_counters::control(unsigned long request) {
  for (const auto& g : groups_) perf_.control(g.leader, request);
}

void open_counters::read(counted* into) {
  for (size_t i = 0; i < state_.size(); i++) into[i] = state_[i];
  for (const auto& g : groups_) {
    // {how many, time enabled, time running, values...}
    uint64_t words[3 + 32];
    const int count = 3 + static_cast<int>(std::min<size_t>(g.members.size(), 32));
    if (perf_.read(g.leader, words, count) < count) continue;
    for (size_t m = 0; m < g.members.size() && m < 32; m++) {
      counted& c = into[g.members[m]];
      c.value += static_cast<double>(words[3 + m]);
      c.enabled += static_cast<double>(words[1]);
      c.running += static_cast<double>(words[2]);
    }
  }
}

json::value describe_counters(const std::vector<counter_event>& events, perf_layer& perf) {
  json::array all;
  const open_counters here(events, 0, perf), sockets(events, -1, perf);
  std::vector<counted> state(events.size()), socket_state(events.size());
  const_cast<open_counters&>(here).read(state.data());
  const_cast<open_counters&>(sockets).read(socket_state.data());
  for (size_t i = 0; i < events.size(); i++) {
    const counted& c = events[i].kind == counter_kind::uncore ? socket_state[i] : state[i];
    json::object o{{"name", events[i].name}, {"kind", kind_name(events[i].kind)}, {"valid", c.opened}};
    if (!c.opened) o.emplace_back("why", counter_reason(events[i], c.error, perf));
    all.push_back(std::move(o));
  }
  return all;
}

}  // namespace runner

// The counters of the runner against a machine made up for the test: groups, turns on the counters, refusals and their reasons.
#include "runner/counters.hpp"

#include <cerrno>
#include <cstdio>
#include <map>
#include <set>

using namespace runner;

namespace {

int checks = 0, failures = 0;
void check(bool ok, const char* what, const std::string& seen = "") {
  checks++;
  if (ok) return;
  failures++;
  std::printf("failed: %s%s%s\n", what, seen.empty() ? "" : ": ", seen.c_str());
}

// Counters are numbers of events (config); groups count what the test sets.
class made_up final : public perf_layer {
 public:
  struct opened {
    uint64_t config;
    uint32_t type;
    int leader;
    int cpu;
    pid_t thread;
  };
  std::map<int, opened> files;
  std::map<uint64_t, int> refuse;                           // config: errno
  std::set<uint64_t> only_alone;                            // EINVAL as a member of a group
  std::map<uint64_t, uint64_t> count;                       // config: raw count
  std::map<uint64_t, std::pair<uint64_t, uint64_t>> turns;  // config of the leader: enabled, running
  std::map<std::string, std::vector<uint32_t>> units{{"cpu", {4}}};
  int level = 2, next = 10, closed = 0, enabled = 0;

  int open(const perf_event_attr& a, pid_t thread, int cpu, int leader) override {
    if (refuse.count(a.config) != 0) return -refuse[a.config];
    if (leader >= 0 && only_alone.count(a.config) != 0) return -EINVAL;
    if ((a.read_format & PERF_FORMAT_GROUP) == 0) return -EFAULT;
    files[next] = {a.config, a.type, leader, cpu, thread};
    return next++;
  }
  void control(int fd, unsigned long request) override {
    if (request == PERF_EVENT_IOC_ENABLE && files.count(fd) != 0) enabled++;
  }
  int read(int fd, uint64_t* words, int count_of_words) override {
    int n = 3;
    const auto time = turns.count(files[fd].config) != 0 ? turns[files[fd].config] : std::make_pair<uint64_t, uint64_t>(1000, 1000);
    words[1] = time.first;
    words[2] = time.second;
    for (const auto& f : files)
      if ((f.first == fd || f.second.leader == fd) && n < count_of_words) words[n++] = count[f.second.config];
    words[0] = static_cast<uint64_t>(n - 3);
    return n;
  }
  void close(int fd) override { closed += static_cast<int>(files.erase(fd)); }
  std::vector<uint32_t> types_of(const std::string& unit) override {
    return units.count(unit) != 0 ? units[unit] : std::vector<uint32_t>{};
  }
  std::vector<int> cpus_of(const std::string&) override { return {0, 32}; }
  int paranoid() override { return level; }
};

const std::vector<counter_event> events = {
    {"cycles", counter_kind::hardware, "hardware", 0, 0, 1},  {"instructions", counter_kind::hardware, "hardware", 1, 0, 1},
    {"l2", counter_kind::hardware, "cpu", 0x3f24, 1, 1},      {"llc", counter_kind::hardware, "hardware", 3, 1, 1},
    {"clock", counter_kind::software, "software", 100, 5, 1}, {"read", counter_kind::uncore, "uncore_imc", 0x304, 6, 64},
};

counted read_one(open_counters& c, size_t at) {
  std::vector<counted> all(events.size());
  c.read(all.data());
  return all[at];
}

std::string why(const json::value& v) { return v.string_or("why", ""); }
bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

void groups() {
  made_up perf;
  perf.count = {{0, 300}, {1, 900}, {0x3f24, 5}, {3, 7}, {100, 4000}};
  {
    open_counters c(events, 42, perf);
    check(perf.files.size() == 5, "one file per event of a thread, none for those of sockets");
    check(perf.files[10].leader == -1 && perf.files[11].leader == 10 && perf.files[12].leader == -1 && perf.files[13].leader == 12 &&
              perf.files[14].leader == -1,
          "the first event of a group leads it");
    check(perf.files[12].type == 4 && perf.files[13].type == PERF_TYPE_HARDWARE && perf.files[14].type == PERF_TYPE_SOFTWARE, "types");
    check(perf.files[10].thread == 42 && perf.files[10].cpu == -1, "of the thread, on any CPU");
    c.control(PERF_EVENT_IOC_ENABLE);
    check(perf.enabled == 3, "each group is switched on by its leader");
    check(read_one(c, 0).value == 300 && read_one(c, 1).value == 900 && read_one(c, 3).value == 7, "values reach their events");
    const json::value v = counter_value(events[1], read_one(c, 1), 3, perf);
    check(v["valid"].as_bool() && v["value"].as_number() == 300 && v["scale"].as_number() == 1, "per run", v.dump());
  }
  check(perf.closed == 5 && perf.files.empty(), "all files are closed");
}

void turns() {
  made_up perf;
  perf.count = {{0, 100}, {1, 200}, {0x3f24, 9}, {3, 1}};
  perf.turns = {{0, {1000, 250}}, {0x3f24, {1000, 0}}};
  open_counters c(events, 1, perf);
  const json::value cycles = counter_value(events[0], read_one(c, 0), 1, perf), l2 = counter_value(events[2], read_one(c, 2), 1, perf);
  check(cycles["value"].as_number() == 400 && cycles["scale"].as_number() == 4, "extrapolated from a quarter of the time", cycles.dump());
  check(!l2["valid"].as_bool() && has(why(l2), "never got a turn"), "no time on a counter is no value", l2.dump());
  perf.turns[0x3f24] = {0, 0};
  check(has(why(counter_value(events[2], read_one(c, 2), 1, perf)), "nothing ran"), "never enabled");
}

void full_group() {
  made_up perf;
  perf.only_alone = {1};
  perf.count = {{0, 3}, {1, 8}};
  open_counters c(events, 1, perf);
  check(perf.files[11].leader == -1, "an event that does not fit into its group is counted alone");
  check(read_one(c, 0).value == 3 && read_one(c, 1).value == 8, "and keeps its value");
}

void lost_leader() {
  made_up perf;
  perf.refuse = {{0, EINVAL}};
  perf.count = {{1, 8}};
  open_counters c(events, 1, perf);
  check(perf.files[10].config == 1 && perf.files[10].leader == -1, "the next event leads where the first is refused");
  check(!read_one(c, 0).opened && read_one(c, 0).error == EINVAL && read_one(c, 1).value == 8, "and only the first is missing");
}

std::string reason_of(size_t at, int error, made_up& perf) { return counter_reason(events[at], error, perf); }

void reasons() {
  made_up perf;
  perf.level = 4;
  check(has(reason_of(0, EACCES, perf), "is 4; allow it with: sudo sysctl -w kernel.perf_event_paranoid=2"), "level and command",
        reason_of(0, EACCES, perf));
  perf.level = 2;
  check(has(reason_of(5, EACCES, perf), "perf_event_paranoid=0"), "sockets need more", reason_of(5, EACCES, perf));
  check(has(reason_of(0, EPERM, perf), "seccomp"), "allowed by the level, yet refused", reason_of(0, EPERM, perf));
  check(has(reason_of(0, ENOENT, perf), "no such event"), "a unit that does not know the event", reason_of(0, ENOENT, perf));
  perf.units.clear();
  check(has(reason_of(0, ENOENT, perf), "no performance monitoring unit"), "no unit at all", reason_of(0, ENOENT, perf));
  check(has(reason_of(5, ENODEV, perf), "uncore_imc"), "no such unit of the socket", reason_of(5, ENODEV, perf));
  check(has(reason_of(2, EINVAL, perf), "does not know the event"), "a number the processor does not know");
  check(has(reason_of(0, ENOSYS, perf), "without perf events"), "no interface");
  check(has(reason_of(0, EMFILE, perf), "ulimit"), "too many files");
}

void hybrid() {
  made_up perf;
  perf.units = {{"cpu_core", {8}}, {"cpu_atom", {10}}};
  open_counters c(events, 1, perf);
  bool found = false;
  for (const auto& f : perf.files) found = found || (f.second.config == 0x3f24 && f.second.type == 8);
  check(found, "core events of hybrid processors go to the performance cores");
}

void sockets() {
  made_up perf;
  perf.units["uncore_imc"] = {20, 21};
  perf.count = {{0x304, 10}};
  open_counters c(events, -1, perf);
  check(perf.files.size() == 4 && perf.files[10].thread == -1, "every unit on every socket", std::to_string(perf.files.size()));
  const json::value v = counter_value(events[5], read_one(c, 5), 2, perf);
  check(v["value"].as_number() == 4 * 10 * 64 / 2.0, "their sum, in bytes, per run", v.dump());
  perf.units.clear();
  open_counters none(events, -1, perf);
  check(!read_one(none, 5).opened && read_one(none, 5).error == ENODEV, "without the unit there is a reason, not a zero");
  const json::value all = describe_counters(events, perf);
  for (const auto& e : all.items()) check(e["valid"].as_bool() || !why(e).empty(), "every counter is valid or says why", e.dump());
}

void request() {
  const auto list = counter_events(json::parser::parse(
      R"([{"name":"a","kind":"uncore","unit":"amd_umc","config":266,"group":6,"scale":64},{"name":"b","kind":"hardware","unit":"cpu","config":4294975136,"group":4}])"));
  check(list.size() == 2 && list[0].kind == counter_kind::uncore && list[0].scale == 64 && list[1].config == 0x100001ea0ull,
        "events are read");
}

}  // namespace

int main() {
  groups();
  turns();
  full_group();
  lost_leader();
  reasons();
  hybrid();
  sockets();
  request();
  std::printf("counters: %d checks, %d failures\n", checks, failures);
  return failures == 0 ? 0 : 1;
}

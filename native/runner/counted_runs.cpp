// Counters around runs of a compiled model, as a whole and by region.
#include <dirent.h>
#include <unistd.h>

#include <algorithm>

#include "clock.hpp"
#include "counters.hpp"
#include "failure.hpp"

namespace runner {

namespace {

std::vector<pid_t> all_threads() {
  std::vector<pid_t> ids;
  DIR* d = opendir("/proc/self/task");
  if (d == nullptr) return ids;
  while (const dirent* e = readdir(d))
    if (e->d_name[0] != '.') ids.push_back(std::atoi(e->d_name));
  closedir(d);
  return ids;
}

// The counters of one thread of a team, and what it has counted in each region. Rows: events.
struct thread_regions {
  open_counters counters;
  std::vector<counted> sums, starts, now;
  std::vector<char> entered;
  size_t events;

  thread_regions(const std::vector<counter_event>& e, pid_t thread, perf_layer& perf, size_t regions)
      : counters(e, thread, perf),
        sums(e.size() * regions),
        starts(e.size() * regions),
        now(e.size()),
        entered(regions),
        events(e.size()) {}

  void enter(int region) { counters.read(&starts[static_cast<size_t>(region) * events]); }
  void leave(int region) {
    counters.read(now.data());
    entered[static_cast<size_t>(region)] = 1;
    for (size_t i = 0; i < events; i++) {
      const size_t at = static_cast<size_t>(region) * events + i;
      counted spent = now[i];
      spent.value -= starts[at].value;
      spent.enabled -= starts[at].enabled;
      spent.running -= starts[at].running;
      sums[at].add(spent);
    }
  }
};

struct team_regions {
  std::vector<thread_regions> threads;
  static void event(void* host, int tid, int region, int leave) {
    auto& t = static_cast<team_regions*>(host)->threads[static_cast<size_t>(tid)];
    if (leave != 0)
      t.leave(region);
    else
      t.enter(region);
  }
};

}  // namespace

json::value measure_counters(const std::vector<counter_event>& events, perf_layer& perf, compiled_module& m) {
  std::vector<open_counters> all;
  for (const pid_t t : all_threads()) all.emplace_back(events, t, perf);
  all.emplace_back(events, -1, perf);
  m.park(false);
  m.run();
  for (auto& c : all) c.control(PERF_EVENT_IOC_ENABLE);
  int runs = 0;
  const int64_t start = now_ns();
  do {
    m.run();
    runs++;
  } while (now_ns() - start < 50000000);
  for (auto& c : all) c.control(PERF_EVENT_IOC_DISABLE);
  m.park(true);
  std::vector<counted> sums(events.size()), one(events.size());
  for (auto& c : all) {
    c.read(one.data());
    // Each thread is extrapolated by its own share of the time.
    for (size_t i = 0; i < events.size(); i++) {
      if (one[i].running > 0) one[i].value *= one[i].enabled / one[i].running;
      sums[i].add(one[i]);
    }
  }
  for (counted& c : sums)
    if (c.enabled > 0) c.value *= c.running / c.enabled;
  json::object values;
  for (size_t i = 0; i < events.size(); i++) values.emplace_back(events[i].name, counter_value(events[i], sums[i], runs, perf));
  return values;
}

json::value region_counters(const std::vector<counter_event>& events, perf_layer& perf, compiled_module& m, int64_t runs) {
  const size_t regions = m.info().regions;
  team_regions team;
  team.threads.reserve(static_cast<size_t>(m.threads()));
  for (const pid_t t : m.thread_ids()) team.threads.emplace_back(events, t, perf, regions);
  m.park(false);
  m.run();
  for (auto& t : team.threads) t.counters.control(PERF_EVENT_IOC_ENABLE);
  m.on_region(team_regions::event, &team);
  try {
    for (int64_t i = 0; i < runs; i++) m.run();
  } catch (...) {
    m.on_region(nullptr, nullptr);
    throw;
  }
  m.on_region(nullptr, nullptr);
  m.park(true);
  json::array threads;
  for (const auto& t : team.threads) {
    json::array rows;
    for (size_t r = 0; r < regions; r++) {
      if (t.entered[r] == 0) {
        rows.push_back(nullptr);
        continue;
      }
      json::object values;
      for (size_t i = 0; i < events.size(); i++)
        if (events[i].kind != counter_kind::uncore)
          values.emplace_back(events[i].name, counter_value(events[i], t.sums[r * events.size() + i], static_cast<double>(runs), perf));
      rows.push_back(std::move(values));
    }
    threads.push_back(std::move(rows));
  }
  return json::object{{"runs", runs}, {"threads", std::move(threads)}};
}

}  // namespace runner

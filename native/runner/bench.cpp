#include "bench.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>

#include "bench_state.hpp"
#include "clock.hpp"
#include "failure.hpp"

namespace runner {

namespace {

// What the operating system counted while a candidate's bursts ran (whole process: the other candidates sleep).
struct usage {
  int64_t task_ns = 0, minor = 0, major = 0, voluntary = 0, involuntary = 0;
  static usage now() {
    rusage r;
    getrusage(RUSAGE_SELF, &r);
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return {t.tv_sec * 1000000000ll + t.tv_nsec, r.ru_minflt, r.ru_majflt, r.ru_nvcsw, r.ru_nivcsw};
  }
  void add_since(const usage& start) {
    const usage end = now();
    task_ns += end.task_ns - start.task_ns;
    minor += end.minor - start.minor;
    major += end.major - start.major;
    voluntary += end.voluntary - start.voluntary;
    involuntary += end.involuntary - start.involuntary;
  }
};

// CPU time of the whole system in ns, all CPUs together; the share that a hypervisor gave to others counts. -1: not known.
int64_t system_ns() {
  std::ifstream in("/proc/stat");
  std::string name;
  int64_t user, nice, system, idle, io, irq, soft, steal;
  if (!(in >> name >> user >> nice >> system >> idle >> io >> irq >> soft >> steal)) return -1;
  return (user + nice + system + irq + soft + steal) * (1000000000ll / sysconf(_SC_CLK_TCK));
}

struct lane {
  bench_candidate candidate;
  int burst = 1;
  int64_t runs = 0;
  std::vector<std::vector<int64_t>> rounds;
  usage used;
};

void warm_up(lane& l, double warmup_ms, double burst_ms) {
  l.candidate.what->park(false);
  std::vector<int64_t> times;
  const int64_t start = now_ns();
  do {
    const int64_t t = now_ns();
    l.candidate.what->run();
    times.push_back(now_ns() - t);
  } while (times.size() < 2 || now_ns() - start < static_cast<int64_t>(warmup_ms * 1e6));
  l.candidate.what->park(true);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  const double typical = static_cast<double>(std::max<int64_t>(times[times.size() / 2], 1));
  l.burst = static_cast<int>(std::clamp(std::ceil(burst_ms * 1e6 / typical), 1.0, 2000.0));
}

// The caches hold nothing of the last run; threads sleep, as they do in a program that runs the model now and then.
int64_t run_cold(lane& l, cache_sweeper& sweeper) {
  target& t = *l.candidate.what;
  sweeper.sweep();
  t.park(false);
  const usage before = usage::now();
  const int64_t start = now_ns();
  t.run();
  const int64_t ns = now_ns() - start;
  l.used.add_since(before);
  t.park(true);
  l.runs++;
  l.rounds.push_back({ns});
  return ns;
}

// One untimed run first brings the candidate's threads and caches back; skipped when a single run fills the burst.
int64_t run_burst(lane& l) {
  target& t = *l.candidate.what;
  t.park(false);
  if (l.burst > 1) t.run();
  std::vector<int64_t> ns(static_cast<size_t>(l.burst));
  const usage before = usage::now();
  int64_t last = now_ns();
  const int64_t start = last;
  for (auto& sample : ns) {
    t.run();
    const int64_t end = now_ns();
    sample = end - last;
    last = end;
  }
  l.used.add_since(before);
  t.park(true);
  l.runs += l.burst;
  l.rounds.push_back(std::move(ns));
  return last - start;
}

json::value describe(const lane& l) {
  json::array rounds;
  for (const auto& r : l.rounds) {
    json::array ns;
    for (const int64_t s : r) ns.push_back(s);
    rounds.push_back(std::move(ns));
  }
  return json::object{{"label", l.candidate.label},
                      {"ns", std::move(rounds)},
                      {"runs", l.runs},
                      {"taskClockNs", l.used.task_ns},
                      {"minorFaults", l.used.minor},
                      {"majorFaults", l.used.major},
                      {"voluntarySwitches", l.used.voluntary},
                      {"involuntarySwitches", l.used.involuntary}};
}

}  // namespace

json::value bench(const std::vector<bench_candidate>& candidates, const bench_options& o, const bench_progress& progress) {
  std::vector<lane> lanes;
  for (const auto& c : candidates) lanes.push_back({c, 1, 0, {}, {}});
  std::unique_ptr<cache_sweeper> sweeper;
  if (o.cold_bytes > 0) sweeper = std::make_unique<cache_sweeper>(o.cold_bytes);
  const double ghz = chain_ghz();
  const int64_t system = system_ns();
  usage spent;
  const usage at_start = usage::now();
  const int64_t begin = now_ns();
  for (auto& l : lanes) warm_up(l, o.warmup_ms, o.burst_ms);
  int64_t measured = 0, reported = begin;
  bool go_on = true, cancelled = false;
  for (int round = 0; go_on; round++) {
    for (size_t i = 0; i < lanes.size(); i++) {
      lane& l = lanes[round % 2 == 0 ? i : lanes.size() - 1 - i];
      measured += sweeper == nullptr ? run_burst(l) : run_cold(l, *sweeper);
    }
    const int64_t now = now_ns();
    int64_t fewest = lanes.front().runs;
    for (const auto& l : lanes) fewest = std::min(fewest, l.runs);
    const double by_time = static_cast<double>(measured) / (o.min_seconds * 1e9), by_runs = static_cast<double>(fewest) / o.min_runs;
    const double by_limit = static_cast<double>(now - begin) / (o.max_seconds * 1e9);
    go_on = (by_time < 1 || by_runs < 1) && by_limit < 1;
    if (go_on && now - reported > 250000000) {
      reported = now;
      cancelled = !progress(std::min(1.0, std::max(by_limit, std::min(by_time, by_runs))));
      go_on = !cancelled;
    }
  }
  if (cancelled) throw failure("cancelled", "the benchmark was cancelled");
  spent.add_since(at_start);
  const int64_t others = system < 0 ? -1 : std::max<int64_t>(0, system_ns() - system - spent.task_ns);
  json::array all;
  for (const auto& l : lanes) all.push_back(describe(l));
  return json::object{{"ghz", json::object{{"before", ghz}, {"after", chain_ghz()}}},
                      {"othersNs", others},
                      {"elapsedNs", now_ns() - begin},
                      {"candidates", std::move(all)}};
}

}  // namespace runner

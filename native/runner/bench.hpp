// Interleaved timing: in every round each candidate gets one burst of runs while the others' threads sleep; the order alternates between
// rounds, so that slow drift of the machine hits all candidates alike and ratios can be taken round by round.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "json.hpp"
#include "target.hpp"

namespace runner {

struct bench_candidate {
  std::string label;
  target* what;
};

struct bench_options {
  double min_seconds = 0.5;  // measured time over all candidates before it may stop
  double max_seconds = 10;   // stops after the round in which this is exceeded
  int min_runs = 10;         // per candidate, unless max_seconds is over
  double burst_ms = 3;       // length of a burst; one run when a run is longer
  double warmup_ms = 30;     // per candidate before the first round (at least two runs)
  int64_t cold_bytes = 0;    // above 0: so much memory is swept before every run, which is a burst of its own
};

// Called about four times a second with the finished fraction; returns false to stop early (cancelled).
using bench_progress = std::function<bool(double fraction)>;

// {ghz: {before, after}, othersNs, elapsedNs, candidates: [{label, ns: [[one burst], ...], runs, taskClockNs, minorFaults, majorFaults,
// voluntarySwitches, involuntarySwitches}]}; `othersNs` is CPU time that other processes took meanwhile, all CPUs together (-1: not known).
json::value bench(const std::vector<bench_candidate>& candidates, const bench_options& options, const bench_progress& progress);

}  // namespace runner

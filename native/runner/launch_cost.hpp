// What it costs to start a nest on a team and to pass a barrier, beside OpenMP's.
#pragma once

#include <vector>

#include "json.hpp"

namespace runner {

// For each team size: {threads, launchNs, barrierNs, openmp: {valid, launchNs, barrierNs, why}}, every figure with the medians of its rounds.
// `seconds`: of measurement for each size.
json::value launch_cost(const std::vector<int>& threads, double seconds);

}  // namespace runner

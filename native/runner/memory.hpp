// Caches and memory as programs see them: the latency of dependent loads and the bandwidth of reads, by the size of the working set.
#pragma once

#include "json.hpp"

namespace runner {

// Of `seconds` each at most: {points: [{bytes, ns}]}, ns per load of a chain through all lines of a working set in an order that no
// prefetcher knows.
json::value latencies(const json::value& request);

// {rates: [{bytes, gbs}], note?}: reads of so many bytes per thread, again and again, all `threads` at once; gbs is their sum.
json::value read_rates(const json::value& request);

}  // namespace runner

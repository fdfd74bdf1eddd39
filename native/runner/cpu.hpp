// What this machine is: CPU features, caches, which CPU each thread should run on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "json.hpp"

namespace runner {

// FS_ISA_* bits that modules may use in this process (AMX after the kernel has given permission).
uint64_t usable_isa();
// Is it among the flags of /proc/cpuinfo?
bool has_cpu_flag(const std::string& flag);
// "AVX512_VNNI, AVX512_BF16" for the bits of a mask.
std::string isa_names(uint64_t isa);
// CPUs this process may use, one per physical core first, SMT siblings after them.
std::vector<int> cpu_order();
// {vendor, model, flags: [...as in /proc/cpuinfo], caches: [{level, type, bytes, sharedCpus}], cpus, cores, siblings}
json::value describe_cpu();
// Round to nearest, no FTZ, no DAZ, all exceptions masked: what compiled models expect and ONNX Runtime's default. Returns the old MXCSR.
uint32_t set_default_mxcsr();
// Pins the calling thread to the first CPU of cpu_order(); `unpin` gives it all allowed CPUs back (threads created by libraries inherit the
// mask).
void pin_main_thread();
void unpin_main_thread();

}  // namespace runner

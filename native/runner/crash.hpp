// What happens when generated code crashes: one JSON line {event: "crash", ...} on stdout, written with async-signal-safe calls only, then
// the signal's default action, so that the parent also sees how the process ended.
#pragma once

namespace runner {

class compiled_module;

// Installs the handlers and the main thread's alternate stack.
void install_crash_handlers();
// First thing in each created thread: its alternate stack, its id, MXCSR.
void prepare_thread(int tid);
// The module whose code may be running; reported with the offset of the faulting instruction.
void crash_watch(const compiled_module* module);
void crash_forget(const compiled_module* module);

}  // namespace runner

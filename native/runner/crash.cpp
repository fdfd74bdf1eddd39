#include "crash.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "cpu.hpp"
#include "module.hpp"

namespace runner {

namespace {

// AMX makes a signal frame of more than 8 KB; leave room for it and for AVX-512 state.
constexpr size_t alternate_stack_bytes = 256 * 1024;
std::atomic<const compiled_module*> watched{nullptr};
thread_local int current_thread = 0;

// A text buffer for use inside a signal handler: no allocation, no stdio.
struct line {
  char text[512];
  size_t length = 0;
  void add(const char* s) {
    while (*s != 0 && length < sizeof text - 1) text[length++] = *s++;
  }
  void add(uint64_t n) {
    char digits[24];
    int k = 0;
    do digits[k++] = static_cast<char>('0' + n % 10);
    while ((n /= 10) != 0);
    while (k > 0 && length < sizeof text - 1) text[length++] = digits[--k];
  }
};

const char* name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGILL:
      return "SIGILL";
    case SIGFPE:
      return "SIGFPE";
    default:
      return "SIGABRT";
  }
}

uintptr_t instruction_pointer(void* context) {
#if defined(__x86_64__)
  return static_cast<uintptr_t>(static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#else
  (void)context;
  return 0;
#endif
}

void on_crash(int signal, siginfo_t* info, void* context) {
  const compiled_module* m = watched.load();
  const uintptr_t at = instruction_pointer(context);
  line out;
  out.add("\n{\"event\":\"crash\",\"signal\":\"");
  out.add(name_of(signal));
  out.add("\",\"address\":");
  out.add(reinterpret_cast<uintptr_t>(info->si_addr));
  out.add(",\"thread\":");
  out.add(static_cast<uint64_t>(current_thread));
  if (m != nullptr && at >= m->base() && at < m->end()) {
    out.add(",\"offset\":");
    out.add(at - m->base());
  }
  if (m != nullptr && m->context().region_current != nullptr) {
    const int32_t region = m->context().region_current[static_cast<size_t>(current_thread) * m->context().region_stride];
    if (region >= 0) {
      out.add(",\"region\":");
      out.add(static_cast<uint64_t>(region));
    }
  }
  out.add("}\n");
  const ssize_t ignored = write(STDOUT_FILENO, out.text, out.length);
  (void)ignored;
  ::signal(signal, SIG_DFL);
  raise(signal);
  _exit(70);
}

void use_alternate_stack() {
  stack_t stack{};
  stack.ss_sp = mmap(nullptr, alternate_stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack.ss_size = alternate_stack_bytes;
  if (stack.ss_sp != MAP_FAILED) sigaltstack(&stack, nullptr);
}

}  // namespace

void install_crash_handlers() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  use_alternate_stack();
  struct sigaction action{};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (const int s : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) sigaction(s, &action, nullptr);
}

void prepare_thread(int tid) {
  current_thread = tid;
  use_alternate_stack();
  set_default_mxcsr();
}

void crash_watch(const compiled_module* module) { watched.store(module, std::memory_order_relaxed); }
void crash_forget(const compiled_module* module) {
  const compiled_module* expected = module;
  watched.compare_exchange_strong(expected, nullptr);
}

}  // namespace runner

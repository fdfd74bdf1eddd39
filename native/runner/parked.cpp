#include "parked.hpp"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

namespace runner {

namespace {

// Does any other thread of this process want the CPU? From the state letter after the name in /proc/self/task/TID/stat: R is running or
// waiting for a CPU.
bool others_run() {
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  bool busy = false;
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return false;
  while (const dirent* e = readdir(tasks)) {
    if (e->d_name[0] == '.' || std::atoi(e->d_name) == self) continue;
    std::ifstream in(std::string("/proc/self/task/") + e->d_name + "/stat");
    std::string text;
    std::getline(in, text);
    const size_t name_end = text.rfind(')');
    busy = busy || (name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] == 'R');
  }
  closedir(tasks);
  return busy;
}

}  // namespace

void wait_for_other_threads() {
  constexpr timespec pause{0, 200000};
  for (int i = 0; i < 500 && others_run(); i++) nanosleep(&pause, nullptr);
}

}  // namespace runner

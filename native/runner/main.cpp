// The runner: loads compiled models, runs and times them, beside ONNX Runtime. JSON lines on stdin and stdout;
// compiler-core/protocol/runner.ts has the messages. One request at a time, in order, on the main thread; a second thread reads stdin, so
// that `cancel` and a vanished parent are noticed while something runs. Diagnostics of libraries go to stderr.
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <iostream>
#include <mutex>
#include <thread>

#include "commands.hpp"
#include "cpu.hpp"
#include "crash.hpp"
#include "failure.hpp"

namespace {

std::mutex lock;
std::condition_variable arrived;
std::deque<std::string> lines;
bool ended = false;
std::atomic<bool> cancelled{false};

void read_stdin() {
  for (std::string line; std::getline(std::cin, line);) {
    // Cancelling must not wait in the queue behind what it cancels.
    if (line.find("\"method\":\"cancel\"") != std::string::npos) cancelled = true;
    const std::lock_guard<std::mutex> hold(lock);
    lines.push_back(line);
    arrived.notify_one();
  }
  const std::lock_guard<std::mutex> hold(lock);
  ended = true;
  cancelled = true;
  arrived.notify_one();
}

bool next_line(std::string& line) {
  std::unique_lock<std::mutex> hold(lock);
  arrived.wait(hold, [] { return ended || !lines.empty(); });
  if (lines.empty()) return false;
  line = std::move(lines.front());
  lines.pop_front();
  return true;
}

void send(const json::value& message) {
  const std::string text = message.dump() + "\n";
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(1);  // nobody listens any more
    done += static_cast<size_t>(n);
  }
}

json::value failed(const json::value& id, const char* code, const std::string& text) {
  return json::object{{"id", id}, {"ok", false}, {"error", json::object{{"code", code}, {"message", text}}}};
}

}  // namespace

int main() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);  // Ctrl+C in a terminal reaches the whole process group: the host decides what ends
  runner::install_crash_handlers();
  runner::set_default_mxcsr();
  runner::cpu_order();  // remembers the allowed CPUs before the main thread pins itself
  std::thread(read_stdin).detach();
  runner::pin_main_thread();
  runner::commands commands;
  json::value id;
  commands.on_progress = [&](double fraction) {
    send(json::object{{"event", "progress"}, {"id", id}, {"fraction", fraction}});
    return !cancelled.load();
  };
  for (std::string line; next_line(line);) {
    if (line.empty()) continue;
    id = nullptr;
    try {
      const json::value request = json::parser::parse(line);
      id = request["id"];
      const std::string method = request["method"].as_string();
      if (method == "cancel") {
        cancelled = false;
        send(json::object{{"id", id}, {"ok", true}, {"result", json::object{{"done", true}}}});
        continue;
      }
      if (method == "quit") {
        send(json::object{{"id", id}, {"ok", true}, {"result", json::object{{"done", true}}}});
        break;
      }
      send(json::object{{"id", id}, {"ok", true}, {"result", commands.handle(method, request)}});
    } catch (const runner::failure& e) {
      send(failed(id, e.code, e.what()));
    } catch (const json::error& e) {
      send(failed(id, "bad-request", e.what()));
    } catch (const std::bad_alloc&) {
      send(failed(id, "no-memory", "out of memory"));
    } catch (const std::exception& e) {
      send(failed(id, "internal", e.what()));
    }
  }
  std::fflush(nullptr);
  _exit(0);  // no destructors: threads of other libraries may still be winding down
}

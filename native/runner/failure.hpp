// A failure that the client turns into a coded message: `code` is one of RunnerErrorCode in compiler-core/protocol/runner.ts.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace runner {

struct failure : std::runtime_error {
  failure(const char* error_code, const std::string& text) : std::runtime_error(text), code(error_code) {}
  const char* code;
};

inline std::string errno_text() { return std::strerror(errno); }

}  // namespace runner

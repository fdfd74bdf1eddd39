// oneDNN's shared library, opened by name; the runner does not need it to be there.
#pragma once

#include <string>

#include "onednn_api.hpp"

namespace runner {

// Opens the library once per process and returns it. Throws failure("no-onednn") where it is missing or is not of version 2.
const onednn::Library& open_onednn(const std::string& path);

// Such as "2.6.3"; throws failure("no-onednn").
std::string onednn_version(const std::string& path);

}  // namespace runner

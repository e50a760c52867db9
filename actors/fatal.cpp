#include "actors/fatal.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>

namespace troupe {

void end_process(int code, std::string_view why) {
  spdlog::critical("{}; the node stops at once, restart it to recover", why);
  spdlog::shutdown();
  std::_Exit(code);
}

} // namespace troupe

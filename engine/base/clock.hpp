#pragma once

#include <chrono>

namespace troupe {

/// Wall time at millisecond grain: what is stored, shown and compared with
/// deadlines that outlive the process. Machines take it as an argument.
using time_point =
  std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;
using duration = std::chrono::milliseconds;

/// Reads the wall clock. Only actors and the program call it.
inline time_point wall_clock() {
  return std::chrono::time_point_cast<duration>(
    std::chrono::system_clock::now());
}

} // namespace troupe

#pragma once

#include <chrono>
#include <cstdint>

namespace troupe::cluster {

/// The clock of one member: never set, runs on while the machine sleeps
/// (CLOCK_BOOTTIME), and means nothing to other members. Shells read it;
/// machines take its times as arguments.
struct local_clock {
  using rep = std::int64_t;
  using period = std::micro;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<local_clock>;
  static constexpr bool is_steady = true;
};

using local_time = local_clock::time_point;
using local_span = local_clock::duration;

} // namespace troupe::cluster

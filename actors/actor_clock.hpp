#pragma once

#include "engine/base/clock.hpp"

#include <caf/actor_clock.hpp>

namespace troupe {

/// Tells wall time by an actor's own clock, which tests wind on: the clock's
/// distance from the moment it was first asked, added to the wall time then.
template <class Self>
time_point actor_now(Self& self) {
  static const auto steady_start = std::chrono::steady_clock::now();
  static const auto wall_start = wall_clock();
  auto passed = self.clock().now() - steady_start;
  return wall_start + std::chrono::duration_cast<duration>(passed);
}

} // namespace troupe

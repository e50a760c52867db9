#pragma once

#include "engine/base/backoff.hpp"
#include "engine/base/clock.hpp"

namespace troupe {

/// How long one end of a link waits for what.
struct link_timing {
  duration greeting = std::chrono::seconds{5};    // until both know each other
  duration beat = std::chrono::milliseconds{500}; // at least so often a frame
  duration silence = std::chrono::seconds{3};     // then the other end is gone
  /// Between attempts to connect.
  backoff retry{
    std::chrono::milliseconds{100}, 2.0, std::chrono::seconds{3}, 0.2};
};

} // namespace troupe

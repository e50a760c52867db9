#pragma once

#include "engine/base/backoff.hpp"

#include <cstdint>

namespace troupe {

/// Which children are restarted when one of them fails (as in Erlang/OTP).
enum class strategy : std::uint8_t {
  one_for_one,  // the one that failed
  one_for_all,  // all of them
  rest_for_one, // the one that failed and those started after it
};

/// What happens once children fail more often than the policy allows.
enum class on_giving_up : std::uint8_t {
  pause,    // stop the children, keep the rest of the node going
  escalate, // fail, so that the parent supervisor decides
  stop,     // stop the node cleanly
};

struct restart_policy {
  troupe::strategy strategy = troupe::strategy::one_for_one;
  /// High, for an exception that a message causes restarts its consumer: this
  /// stops a handler that fails at nearly everything, not one that stumbles.
  std::uint32_t max_restarts = 1000;
  duration within = std::chrono::minutes{1};
  on_giving_up then = on_giving_up::pause;
  troupe::backoff backoff{
    std::chrono::milliseconds{10}, 2.0, std::chrono::seconds{5}, 0.2};

  bool operator==(const restart_policy&) const = default;
};

} // namespace troupe

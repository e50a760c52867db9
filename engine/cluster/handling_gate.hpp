#pragma once

#include "engine/cluster/lease.hpp"

#include <atomic>

namespace troupe::cluster {

/// Reads this member's local clock.
local_time local_now();

/// When the handlers of one group may be started, told by its replica and
/// looked at by all who start them, on whatever thread. Closed at first.
class handling_gate {
public:
  /// Called by one thread.
  void set(const handling_window& window) {
    // Narrowed before it is widened: nobody may see an end with the beginning
    // of another window before it.
    until_ = std::min(until_.load(), count(window.until));
    from_ = count(window.from);
    until_ = count(window.until);
  }

  bool is_open(local_time now) const {
    auto at = count(now);
    return from_ <= at && at < until_;
  }

private:
  using rep = local_span::rep;

  static rep count(local_time at) { return at.time_since_epoch().count(); }

  std::atomic<rep> from_ = count(local_time::max());
  std::atomic<rep> until_ = count(local_time::min());
};

} // namespace troupe::cluster

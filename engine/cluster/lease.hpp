#pragma once

#include "engine/cluster/local_time.hpp"

namespace troupe::cluster {

/// The promise that keeps two members from handling one group's messages at
/// once. A member that acks promises, for `length` of time, not to handle; the
/// leader uses less than that and whoever comes after waits for more, so that
/// clocks may run apart by `drift`.
struct lease_terms {
  local_span length = std::chrono::milliseconds{1500};
  double drift = 0.01; // of a clock's rate, either way
  /// How long a handler may run that started at the last moment.
  local_span handler_budget = std::chrono::milliseconds{200};

  /// Returns until when a leader may start handlers, by the time it sent what
  /// was acked.
  local_time handle_until(local_time sent_at) const {
    return sent_at + scaled(1 - drift) - handler_budget;
  }

  /// Returns from when a new leader may start handlers, by the time it acked
  /// an earlier leader's append or, having forgotten that, started.
  local_time fenced_until(local_time acked_at) const {
    return acked_at + scaled((1 + drift) * (1 + drift)) + local_span{1};
  }

  local_span heartbeat() const { return length / 4; }

  bool operator==(const lease_terms&) const = default;

private:
  local_span scaled(double factor) const {
    return local_span{static_cast<local_span::rep>(
      static_cast<double>(length.count()) * factor)};
  }
};

/// When handlers may be started: at `from` or later, before `until`.
struct handling_window {
  local_time from = local_time::max();
  local_time until = local_time::min();

  bool contains(local_time at) const { return from <= at && at < until; }
  bool operator==(const handling_window&) const = default;
};

} // namespace troupe::cluster

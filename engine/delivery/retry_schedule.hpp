#pragma once

#include "engine/base/backoff.hpp"
#include "engine/delivery/log_entry.hpp"

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace troupe {

/// How a stage tries a message again.
struct retry_policy {
  std::uint32_t attempts = 8; // handled at most this often
  troupe::backoff backoff;
};

/// Which messages failed before, why, and when each may be tried again.
class retry_schedule {
public:
  /// Notes a failed attempt. The message waits until `record.not_before`.
  void add(const retry_record& record);

  /// Forgets a message that is settled; returns its failed attempts.
  std::vector<failed_attempt> remove(position at);

  /// Counts from 1: the attempt a message is on when lent now.
  std::uint32_t attempt(position at) const;
  bool is_waiting(position at) const { return waiting_.contains(at); }

  /// True when no message here has ever failed: nothing to look up.
  bool is_empty() const { return attempts_.empty(); }

  /// Takes the messages whose wait is over, in the order they fell due.
  std::vector<position> take_due(time_point now);
  std::optional<time_point> next_due() const;

  /// Puts what a checkpoint says in the place of all that is known of the
  /// positions from `first` to `last`.
  void replace(
    position first,
    position last,
    const std::map<position, std::vector<failed_attempt>>& attempts,
    const std::map<position, time_point>& waiting);

  const std::map<position, std::vector<failed_attempt>>& attempts() const {
    return attempts_;
  }
  const std::map<position, time_point>& waiting() const { return waiting_; }

private:
  std::map<position, std::vector<failed_attempt>> attempts_;
  std::map<position, time_point> waiting_;
  std::set<std::pair<time_point, position>> by_time_;
};

} // namespace troupe

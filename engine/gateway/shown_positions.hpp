#pragma once

#include "engine/delivery/log_entry.hpp"
#include "engine/delivery/positions.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace troupe::gateway {

/// The positions of one partition as clients see them. What a shard lent and
/// lost, it may lend again, or give its position to another message: so what
/// clients are shown rises from one session to the next, and what they settle
/// says which session it was lent in.
class shown_positions {
public:
  explicit shown_positions(std::uint16_t partition)
    : start_{partition_start(partition)} {}

  /// Ends all loans: what was shown is nobody's any more.
  void renew() { offset_ = last_; }

  /// Returns what to show for the first of `count` messages lent.
  position show(position at, std::uint32_t count) {
    auto shown = at - start_ + offset_;
    last_ = std::max(last_, shown + count - 1);
    return start_ + shown;
  }

  /// Returns what of a run was lent since `renew`; nothing: none of it.
  std::optional<position_run> lent(const position_run& shown) const {
    auto first = std::max(shown.first, start_ + offset_ + 1);
    auto end = shown.first + shown.count;
    if (end <= first) return std::nullopt;
    return position_run{
      first - offset_, static_cast<std::uint32_t>(end - first)};
  }

private:
  position start_;
  // Counts of this partition. Each session adds at most what the partition
  // ever held: 2^56 is more than a thousand sessions of 10^13 messages.
  std::uint64_t offset_ = 0; // what is shown less what it is
  std::uint64_t last_ = 0;   // the highest shown
};

} // namespace troupe::gateway

#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"

#include <troupe/message.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace troupe {

/// Returns how long a message may stay in a queue: its property `expiration`,
/// or with `is_delayed` its header `x-delay` (none: no time at all), both in
/// milliseconds. Nothing: as long as it likes.
std::optional<duration> time_to_live(const message& of, bool is_delayed);

/// When messages expire that say so themselves.
class expiry_index {
public:
  void add(time_point when, position at);

  /// Takes what has expired, in that order. It may be gone already.
  std::vector<position> take_due(time_point now);
  std::optional<time_point> next_due() const;

  /// Forgets what `is_gone`, whenever that may be half of what is here.
  void sweep_if_due(const std::function<bool(position)>& is_gone);

  std::size_t size() const { return heap_.size(); }

private:
  using entry = std::pair<time_point, position>;

  std::vector<entry> heap_; // the first one next
  std::size_t sweep_at_ = 1024;
};

} // namespace troupe

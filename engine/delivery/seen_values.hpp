#pragma once

#include "engine/base/clock.hpp"
#include "engine/delivery/queue_options.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe {

/// The values a queue's dedup rule has seen: so many at most, the newest, and
/// none longer than its time.
class seen_values {
public:
  explicit seen_values(dedup_rule rule) : rule_{std::move(rule)} {}

  const dedup_rule& rule() const { return rule_; }

  /// Returns true where the value was seen before; otherwise it is from now
  /// on. A value is of the partition it came to.
  bool is_repeat(std::string_view text, std::uint16_t partition, time_point at);

  /// Returns a partition's values, the oldest first.
  std::vector<std::pair<std::string, time_point>>
  of(std::uint16_t partition) const;

  std::size_t size() const { return by_value_.size(); }

private:
  struct seen {
    std::string value;
    std::uint16_t partition = 0;
    time_point at;
  };

  void forget_oldest();

  dedup_rule rule_;
  std::list<seen> in_order_; // the oldest first
  std::unordered_map<std::string_view, std::list<seen>::iterator> by_value_;
};

} // namespace troupe

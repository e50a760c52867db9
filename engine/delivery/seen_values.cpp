#include "engine/delivery/seen_values.hpp"

#include "engine/base/stable_hash.hpp"

#include <iterator>

namespace troupe {

namespace {

constexpr std::size_t most_value_bytes = 256;

/// Keeps long values apart by a hash of what is beyond their start.
std::string shortened(std::string_view value) {
  auto start = std::string{value.substr(0, most_value_bytes)};
  if (value.size() <= most_value_bytes) return start;
  return start + '#' + std::to_string(stable_hash(value));
}

} // namespace

bool seen_values::is_repeat(
  std::string_view text, std::uint16_t partition, time_point at) {
  auto value = shortened(text);
  if (rule_.ttl)
    while (!in_order_.empty() && in_order_.front().at + *rule_.ttl <= at)
      forget_oldest();
  if (by_value_.contains(value)) return true;
  if (rule_.most == 0) return false;
  while (by_value_.size() >= rule_.most) forget_oldest();
  in_order_.push_back({std::move(value), partition, at});
  auto added = std::prev(in_order_.end());
  by_value_.emplace(added->value, added);
  return false;
}

std::vector<std::pair<std::string, time_point>>
seen_values::of(std::uint16_t partition) const {
  auto values = std::vector<std::pair<std::string, time_point>>{};
  for (const auto& x : in_order_)
    if (x.partition == partition) values.emplace_back(x.value, x.at);
  return values;
}

void seen_values::forget_oldest() {
  by_value_.erase(in_order_.front().value);
  in_order_.pop_front();
}

} // namespace troupe

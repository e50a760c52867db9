#include "engine/ring/hash_ring.hpp"

#include "engine/base/stable_hash.hpp"

#include <algorithm>
#include <functional>

namespace troupe {

void hash_ring::add(const std::string& member) {
  remove(member);
  for (std::size_t i = 0; i < points_per_member; ++i) {
    auto at = stable_hash(member + '#' + std::to_string(i));
    points_.push_back({at, member});
  }
  std::ranges::sort(points_);
}

void hash_ring::remove(const std::string& member) {
  std::erase_if(points_, [&](const point& p) { return p.member == member; });
}

std::optional<std::string_view> hash_ring::owner(std::string_view key) const {
  if (points_.empty()) return std::nullopt;
  auto next = std::ranges::lower_bound(
    points_, stable_hash(key), std::less{}, &point::at);
  // Past the last point the ring closes: the key belongs to the first one.
  return next == points_.end() ? points_.front().member : next->member;
}

} // namespace troupe

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

std::size_t hash_ring::first_point(std::string_view key) const {
  auto next = std::ranges::lower_bound(
    points_, stable_hash(key), std::less{}, &point::at);
  // Past the last point the ring closes: the key belongs to the first one.
  if (next == points_.end()) return 0;
  return static_cast<std::size_t>(next - points_.begin());
}

std::optional<std::string_view> hash_ring::owner(std::string_view key) const {
  if (points_.empty()) return std::nullopt;
  return points_[first_point(key)].member;
}

std::vector<std::string_view> hash_ring::walk(std::string_view key) const {
  auto passed = std::vector<std::string_view>{};
  if (points_.empty()) return passed;
  const auto members = points_.size() / points_per_member;
  for (auto i = first_point(key); passed.size() < members;
       i = (i + 1) % points_.size()) {
    const auto& member = points_[i].member;
    if (std::ranges::find(passed, member) == passed.end())
      passed.emplace_back(member);
  }
  return passed;
}

} // namespace troupe

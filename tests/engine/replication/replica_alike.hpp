#pragma once

#include "tests/engine/replication/replica_play.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace troupe::test {

/// What a member's store has of the group.
struct seen {
  log_index base = 0;
  log_index last = 0;
  std::vector<std::string> raw;
  std::map<std::string, std::string> state;
  bool operator==(const seen&) const = default;
};

/// Returns what a store has of the group; fails the test if it cannot.
inline seen look(const log_store& store) {
  auto made = seen{};
  made.base = store.mark(play_group).value().value().base;
  made.last = store.last_index(play_group);
  for (log_index i = 1; i <= made.last; ++i)
    made.raw.push_back(store.read_raw(play_group, i, i, 1).value().at(0));
  auto done = store.scan_state(
    "h", [&](auto, auto name, auto value) { made.state.emplace(name, value); });
  REQUIRE(done.has_value());
  return made;
}

/// Up to the base of one and not of the other, one has erased more.
inline bool is_alike(const seen& a, const seen& b) {
  auto low = std::min(a.base, b.base);
  auto high = std::max(a.base, b.base);
  auto& more = a.base < b.base ? b : a;
  for (log_index i = 1; i <= std::min(a.last, b.last); ++i) {
    auto may_be_erased = i > low && i <= high && more.raw[i - 1].empty();
    if (a.raw[i - 1] != b.raw[i - 1] && !may_be_erased) return false;
  }
  return true;
}

/// Checks that all members have the same, and what they confirmed.
inline void check_alike(replica_play& play) {
  auto first = look(*play.members[0].store);
  for (std::size_t i = 1; i < play.members.size(); ++i) {
    auto other = look(*play.members[i].store);
    CHECK(other.last == first.last);
    CHECK((other.state == first.state));
    CHECK(is_alike(first, other));
  }
  for (const auto& [ticket, index] : play.confirmed) {
    auto key = play.asked.find(ticket);
    if (key == play.asked.end()) continue;
    INFO("ticket " << ticket << " at " << index);
    CHECK(first.state.contains(key->second));
  }
}

} // namespace troupe::test

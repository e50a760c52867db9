#pragma once

#include "tests/engine/routing/topology_rig.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::test {

// -- what is asked for

inline exchange_declaration exchange_called(const std::string& name) {
  auto made = exchange_declaration{};
  made.name = name;
  made.type = "direct";
  return made;
}

inline queue_declaration queue_called(const std::string& name) {
  auto made = queue_declaration{};
  made.name = name;
  return made;
}

inline new_queue numbered(std::uint64_t id) {
  auto made = new_queue{};
  made.id = queue_id{id};
  return made;
}

// -- how it is answered

template <class T>
std::string why(const permitted<T>& answer) {
  REQUIRE(answer.has_error());
  return answer.error().text;
}

template <class T>
refusal::reason kind(const permitted<T>& answer) {
  REQUIRE(answer.has_error());
  return answer.error().why;
}

/// Returns the names of exchanges that went, in order.
inline std::vector<std::string> gone(const topology_change& change) {
  auto found = std::vector<std::string>{};
  for (const auto& one : change.exchanges_gone) found.push_back(one->name());
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace troupe::test

#include "engine/coordinator/feature_level.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace troupe;

namespace {

node_record knows(std::uint32_t from, std::uint32_t to) {
  auto made = node_record{};
  made.protocol_min = from;
  made.protocol_max = to;
  return made;
}

} // namespace

TEST_CASE("feature_level: a node joins at the levels that it knows") {
  CHECK_FALSE(check_level(knows(2, 3), 1).has_value());
  CHECK(check_level(knows(2, 3), 2).has_value());
  CHECK(check_level(knows(2, 3), 3).has_value());
  CHECK_FALSE(check_level(knows(2, 3), 4).has_value());
}

TEST_CASE("feature_level: it rises to what all know, and never falls") {
  using nodes = std::vector<node_record>;
  CHECK(common_level(nodes{}, 2) == 2);
  CHECK(common_level(nodes{knows(1, 3)}, 2) == 3);
  CHECK(common_level(nodes{knows(1, 3), knows(2, 4)}, 1) == 3);
  CHECK(common_level(nodes{knows(1, 3), knows(1, 1)}, 2) == 2);
}

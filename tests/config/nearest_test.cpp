#include "config/nearest.hpp"

#include <catch2/catch.hpp>

using namespace troupe;

TEST_CASE("nearest: a slip of the finger finds the name meant") {
  const auto names = std::vector<std::string>{"shard", "orders", "charge"};
  CHECK(nearest("shrad", names) == "shard");
  CHECK(nearest("order", names) == "orders");
  CHECK(nearest("chargee", names) == "charge");
  CHECK(nearest("xharge", names) == "charge");
}

TEST_CASE("nearest: a name unlike all others finds none") {
  CHECK(nearest("invoice", {"shard", "orders"}) == "");
  CHECK(nearest("a", {"b"}) == "");
  CHECK(nearest("", {"shard"}) == "");
  CHECK(nearest("shard", {}) == "");
}

TEST_CASE("nearest: the name with fewest edits wins") {
  CHECK(nearest("thread", {"treads", "threads"}) == "threads");
}

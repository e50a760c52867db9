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

TEST_CASE("nearest: very many or very long names are not compared") {
  CHECK(nearest("shrad", std::vector<std::string>(2001, "shard")) == "");
  CHECK(nearest(std::string(101, 'a') + "b", {std::string(101, 'a')}) == "");
}

#include "engine/cluster/publisher_table.hpp"

#include <catch2/catch.hpp>

using namespace troupe::cluster;

TEST_CASE("publisher_table: messages are taken in their count") {
  auto table = publisher_table{};
  CHECK(table.judge("p", {1, 1}, 3) == numbering_answer{numbering::next});
  table.apply("p", {1, 3}, 10);
  CHECK(table.judge("p", {1, 4}, 1) == numbering_answer{numbering::next});
  CHECK(
    table.judge("p", {1, 6}, 1)
    == numbering_answer{numbering::out_of_order, 0, 4});
}

TEST_CASE("publisher_table: what is sent again is not stored again") {
  auto table = publisher_table{};
  table.apply("p", {1, 3}, 10);
  CHECK(table.judge("p", {1, 1}, 3) == numbering_answer{numbering::repeat});
  CHECK(table.judge("p", {1, 2}, 4) == numbering_answer{numbering::next, 2});
}

TEST_CASE("publisher_table: a publisher that starts over counts from one") {
  auto table = publisher_table{};
  table.apply("p", {1, 3}, 10);
  CHECK(table.judge("p", {2, 1}, 1) == numbering_answer{numbering::next});
  CHECK(
    table.judge("p", {2, 2}, 1)
    == numbering_answer{numbering::out_of_order, 0, 1});
  table.apply("p", {2, 1}, 11);
  CHECK(table.judge("p", {1, 4}, 1) == numbering_answer{numbering::outdated});
  table.apply("p", {1, 9}, 12); // changes nothing
  CHECK(table.places().at("p").last == publisher_mark{2, 1});
}

TEST_CASE("publisher_table: who was expired is told so") {
  auto table = publisher_table{};
  table.apply("old", {1, 3}, 10);
  table.apply("new", {1, 1}, 20);
  table.expire_below(20);
  CHECK(
    table.judge("old", {1, 4}, 1) == numbering_answer{numbering::forgotten});
  CHECK(table.judge("new", {1, 2}, 1) == numbering_answer{numbering::next});
}

TEST_CASE("publisher_table: the oldest are expired when there are too many") {
  auto table = publisher_table{};
  for (int n = 1; n <= 5; ++n) table.apply("p" + std::to_string(n), {1, 1}, n);
  CHECK(table.expiry(5) == 0);
  table.expire_below(table.expiry(2));
  CHECK(table.size() == 2);
  CHECK(table.places().contains("p5"));
  table.expire_below(table.expiry(0));
  CHECK(table.size() == 0);
}

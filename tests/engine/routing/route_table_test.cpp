#include "engine/ring/slot_map.hpp"
#include "engine/routing/route_table.hpp"
#include "tests/support/builders.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using numbers = std::vector<std::uint64_t>;

namespace {

route_target to_queue(const std::string& name) {
  return {route_target::kind::queue, name};
}

route_target to_rule(const std::string& name) {
  return {route_target::kind::rule, name};
}

/// src -> rule: key "a" to queue a, key "b" to queue b, others to `unmatched`.
route_table split_by_key(const std::string& unmatched) {
  auto table = route_table{};
  table.queues["a"] = {};
  table.queues["b"] = {};
  table.queues["rest"] = {};
  auto& rule = table.rules["split"];
  for (const auto* key : {"a", "b"})
    rule.routes.push_back(
      {std::string{"split."} + key,
       condition::parse("routing_key == \"" + std::string{key} + "\"")
         .value()});
  rule.unmatched = unmatched;
  table.outputs["src"] = {to_rule("split")};
  table.outputs["split.a"] = {to_queue("a")};
  table.outputs["split.b"] = {to_queue("b")};
  table.outputs["split.dead"] = {to_queue("rest")};
  return table;
}

} // namespace

TEST_CASE("route_table: shares the batch where all of it goes to one queue") {
  auto table = route_table{};
  table.queues["q"] = {};
  table.outputs["src"] = {to_queue("q")};
  auto messages = batch_of({"a", "b"});
  auto found = table.route("src", {1, 2}, messages);
  REQUIRE(found.to.size() == 1);
  CHECK(found.to[0].messages == messages);
  CHECK(found.to[0].sequences == numbers{1, 2});
}

TEST_CASE("route_table: every reader of an output gets all of it") {
  auto table = route_table{};
  table.queues["q"] = {};
  table.queues["r"] = {};
  table.outputs["src"] = {to_queue("q"), to_queue("r")};
  auto found = table.route("src", {}, batch_of({"a"}));
  REQUIRE(found.to.size() == 2);
  CHECK(found.to[0].queue == "q");
  CHECK(found.to[1].queue == "r");
}

TEST_CASE("route_table: a rule splits a batch and keeps its numbers") {
  auto found = split_by_key("split.dead")
                 .route("src", {1, 2, 3, 4}, batch_of({"a", "b", "x", "a"}));
  REQUIRE(found.to.size() == 3);
  CHECK(found.to[0].queue == "a");
  CHECK(found.to[0].sequences == numbers{1, 4});
  CHECK(found.to[1].sequences == numbers{2});
  CHECK(found.to[2].queue == "rest");
  CHECK((*found.to[2].messages)[0].body() == "x");
  CHECK(found.dropped == 0);
}

TEST_CASE("route_table: what no rule wants is counted when it is dropped") {
  auto found = split_by_key("").route("src", {}, batch_of({"x", "y", "a"}));
  CHECK(found.to.size() == 1);
  CHECK(found.dropped == 2);
}

TEST_CASE("route_table: a key's messages stay in one partition, in order") {
  auto table = route_table{};
  table.queues["q"] = {8, key_expression::parse("routing_key").value()};
  table.outputs["src"] = {to_queue("q")};
  auto found =
    table.route("src", {1, 2, 3, 4}, batch_of({"k:1", "j:1", "k:2", "k:3"}));
  for (const auto& x : found.to)
    for (std::size_t i = 0; i < x.messages->size(); ++i) {
      auto key = (*x.messages)[i].routing_key();
      CHECK(x.partition == partition_of(slot_of(key), 8));
    }
  auto of_k = partition_of(slot_of("k"), 8);
  for (const auto& x : found.to)
    if (x.partition == of_k && x.messages->size() == 3)
      CHECK(x.sequences == numbers{1, 3, 4});
}

TEST_CASE("route_table: a queue can be named outright") {
  auto table = route_table{};
  table.queues["q"] = {};
  auto found = table.route("queue:q", {}, batch_of({"a"}));
  REQUIRE(found.to.size() == 1);
  CHECK(found.to[0].queue == "q");
}

TEST_CASE("route_table: an output nobody reads drops, and counts it") {
  auto found = route_table{}.route("src", {}, batch_of({"a", "b"}));
  CHECK(found.to.empty());
  CHECK(found.dropped == 2);
}

#include "tests/actors/cluster/gateway_stage.hpp"

#include <catch2/catch.hpp>

// What clients of gateways see when a shard ends and another one begins.

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;
using tickets = std::vector<std::uint64_t>;

TEST_CASE("gateway_actor: unconfirmed publishes arrive once after a failover") {
  auto set = gateway_stage{};
  auto publisher = GENERATE(one, two);
  auto is_stored = GENERATE(false, true);
  auto to = GENERATE(one, two);
  set.lead(two);
  set.publish(publisher, 1, {"first"});
  set.log.holds = is_stored;
  set.log.loses = !is_stored;
  set.publish(publisher, 2, {"a"});
  set.publish(publisher, 3, {"b", "c"});
  CHECK(set.confirmed() == tickets{1});
  set.move(two, to);
  set.wait(200ms);
  CHECK(set.confirmed() == tickets{2, 3});
  CHECK(set.kept() == 4);
  set.consume(publisher, 1, 0);
  CHECK(set.bodies() == strings{"first", "a", "b", "c"});
}

TEST_CASE("gateway_actor: consumers go on after a failover") {
  auto set = gateway_stage{};
  auto at = GENERATE(one, two);
  set.lead(two);
  set.consume(at, 1, 0);
  CHECK(is_done(set.box.take<edge::answered>()));
  set.publish(at, 1, {"a", "b"});
  auto lent = set.deliveries();
  REQUIRE(lent.size() == 2);
  set.ack(at, 1, lent[0].at);
  set.move(two, one);
  CHECK_FALSE(set.box.take<edge::answered>()); // nobody is told
  CHECK(set.bodies() == strings{"b"});
  set.publish(at, 2, {"c"});
  CHECK(set.bodies() == strings{"c"});
}

TEST_CASE("gateway_actor: what was lent before a failover is not settled") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 1);
  set.publish(one, 1, {"a", "b"});
  auto before = set.deliveries();
  REQUIRE(before.size() == 1);
  set.end_shard(two);
  set.ack(one, 1, before[0].at); // too late
  set.lead(two);
  set.wait(200ms);
  CHECK(set.kept() == 2);
  auto after = set.deliveries();
  REQUIRE(after.size() == 1);
  CHECK(after[0].body == "a");
  set.ack(one, 1, after[0].at);
  CHECK(set.kept() == 1);
}

TEST_CASE("gateway_actor: a shard here that crashes is found when it is back") {
  auto set = gateway_stage{};
  set.lead(one);
  set.consume(one, 1, 0);
  set.log.loses = true;
  set.publish(one, 1, {"a"});
  set.end_shard(one, 0, caf::exit_reason::unhandled_exception);
  set.log.loses = false;
  set.wait(100ms);
  CHECK(set.confirmed().empty());
  set.start_shard(one);
  set.wait(100ms);
  CHECK(set.confirmed() == tickets{1});
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("gateway_actor: a shard that is not up yet is asked for again") {
  auto set = gateway_stage{};
  set.tell_leader(two);
  set.publish(one, 1, {"a"});
  set.wait(100ms);
  set.start_shard(two);
  CHECK(set.confirmed().empty());
  set.wait(100ms);
  CHECK(set.confirmed() == tickets{1});
}

TEST_CASE("gateway_actor: clients that ended are not answered any more") {
  auto set = gateway_stage{};
  set.lead(two);
  auto client = set.box.spawn([&](caf::event_based_actor* self) {
    auto asked = subscription{};
    asked.credit = 0;
    self->send(set.members[one].gate, queue::subscribe{asked, 1});
    return caf::behavior{
      [](const edge::answered&) {}, [](const consumer::deliver&) {}};
  });
  set.settle();
  set.publish(one, 1, {"a"});
  CHECK(
    set.ask<queue::description>(one, queue::describe{})->figures.on_loan == 1);
  set.box.self->send_exit(client, caf::exit_reason::kill);
  set.settle();
  auto told = set.ask<queue::description>(one, queue::describe{});
  REQUIRE(told);
  CHECK(told->figures.on_loan == 0);
  CHECK(told->figures.consumers == 0);
}

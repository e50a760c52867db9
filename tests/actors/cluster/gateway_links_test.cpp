#include "tests/actors/cluster/gateway_stage.hpp"

#include <catch2/catch.hpp>

// What clients of gateways see when links between members break.

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;
using tickets = std::vector<std::uint64_t>;

TEST_CASE("gateway_actor: a link that breaks is a failover to the same") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 0);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
  CHECK(set.bodies() == strings{"a"});
  set.break_link(one, two);
  set.break_link(two, one);
  set.publish(one, 2, {"b"});
  set.wait(5s);
  CHECK(set.confirmed().empty());
  // Nobody has them on loan who cannot be reached.
  auto there = set.ask<queue::description>(two, queue::describe{});
  REQUIRE(there);
  CHECK(there->figures.on_loan == 0);
  set.mend_link(two, one);
  set.mend_link(one, two);
  set.wait(2s);
  CHECK(set.confirmed() == tickets{2});
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("gateway_actor: a way back that broke alone begins a new session") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 0);
  CHECK(is_done(set.box.take<edge::answered>()));
  set.break_link(two, one);
  set.publish(two, 1, {"a"}); // the consumer does not hear of it
  CHECK(set.bodies().empty());
  set.mend_link(two, one);
  set.wait(200ms);
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("gateway_actor: frames of a session that is over begin a new one") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
  // The session ends and the frame that says so is lost.
  set.break_link(two, one);
  set.net.heal(two, one);
  set.publish(one, 2, {"b"});
  set.wait(200ms);
  CHECK(set.confirmed() == tickets{2});
  CHECK(set.kept() == 2);
}

TEST_CASE("gateway_actor: what is lost under way is no repeat when it comes") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
  set.net.cut(one, two);
  set.publish(one, 2, {"b"});
  set.net.heal(one, two);
  set.publish(one, 3, {"c"}); // its numbers are beyond those of "b"
  set.wait(300ms);
  CHECK(set.confirmed() == tickets{2, 3});
  CHECK(set.kept() == 3);
}

TEST_CASE("gateway_actor: what is lost on the way back is answered again") {
  auto set = gateway_stage{};
  set.lead(two);
  set.net.cut(two, one);
  set.publish(one, 1, {"a"});
  set.net.heal(two, one);
  CHECK(set.confirmed().empty());
  set.publish(one, 2, {"b"});
  set.wait(300ms);
  CHECK(set.confirmed() == tickets{1, 2});
  CHECK(set.kept() == 2);
}

TEST_CASE("gateway_actor: a session whose answer is lost is asked for again") {
  auto set = gateway_stage{};
  set.start_shard(two);
  set.net.cut(two, one);
  set.tell_leader(two);
  set.net.heal(two, one);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed().empty());
  set.wait(1s);
  CHECK(set.confirmed() == tickets{1});
}

TEST_CASE("gateway_actor: frames that are not understood do no harm") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  auto good = encode(gateway::shard_frame{
    set.options.full_name(), set.group(), 1, gateway::shard_request{}});
  for (std::size_t i = 0; i <= good.size(); ++i) {
    set.members[one].links->send(
      two, message_kind::to_shard, good.substr(0, i));
    set.members[two].links->send(
      one, message_kind::from_shard, good.substr(0, i));
    set.settle();
  }
  set.publish(one, 2, {"b"});
  CHECK(set.confirmed() == tickets{1, 2});
}

TEST_CASE("gateway_actor: a gateway that ended is forgotten") {
  auto set = gateway_stage{};
  set.lead(two);
  auto name = set.options.full_name();
  auto& here = set.members[one];
  CHECK(here.sessions->gateway(name));
  REQUIRE(set.ask<queue::erased>(one, queue::erase{}));
  CHECK_FALSE(here.sessions->gateway(name));
  // A queue of the same name is another one.
  here.gate = set.box.spawn(
    run_gateway, gateway_places{one, here.links, here.locator, here.queues},
    set.options, "gateway:anew");
  set.lead(two);
  set.publish(one, 1, {"a"});
  CHECK(set.confirmed() == tickets{1});
}

#include "tests/actors/cluster/gateway_stage.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

// Gateways, sessions, locators and shards, as clients of two members see them.

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;
using tickets = std::vector<std::uint64_t>;

TEST_CASE("gateway_actor: a publish is confirmed once the shard has it safe") {
  auto set = gateway_stage{};
  auto leader = GENERATE(one, two);
  set.lead(leader);
  set.log.holds = true;
  auto before = set.net.delivered;
  set.publish(one, 7, {"a", "b"});
  CHECK(set.confirmed().empty());
  REQUIRE(set.log.held.size() == 1);
  set.box.self->send(set.log.held[0].first, set.log.held[0].second);
  set.settle();
  CHECK(set.confirmed() == tickets{7});
  CHECK(set.kept() == 2);
  CHECK((set.net.delivered > before) == (leader == two));
}

TEST_CASE("gateway_actor: what comes before anybody leads is kept in order") {
  auto set = gateway_stage{};
  set.publish(one, 1, {"a"});
  set.publish(one, 2, {"b"});
  set.publish(two, 3, {"c"});
  set.consume(two, 1, 10);
  CHECK(set.confirmed().empty());
  set.lead(two);
  auto confirmed = set.confirmed();
  CHECK(confirmed.size() == 3);
  auto all = set.bodies();
  CHECK(all.size() == 3);
  CHECK(std::ranges::find(all, "a") < std::ranges::find(all, "b"));
}

TEST_CASE("gateway_actor: consumers on both members share what is there") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 1);
  set.consume(two, 1, 1);
  CHECK(is_done(set.box.take<edge::answered>()));
  CHECK(is_done(set.box.take<edge::answered>()));
  set.publish(two, 1, {"a", "b", "c"});
  auto lent = set.deliveries();
  REQUIRE(lent.size() == 2);
  CHECK(lent[0].body != lent[1].body);
  set.ack(one, 1, lent[0].at);
  set.ack(one, 1, lent[1].at); // only one of them is its own
  auto more = set.bodies();
  CHECK(more == strings{"c"});
}

TEST_CASE("gateway_actor: acks travel and end what is kept") {
  auto set = gateway_stage{};
  set.lead(two);
  set.consume(one, 1, 0);
  set.publish(one, 1, {"a", "b"});
  auto lent = set.deliveries();
  REQUIRE(lent.size() == 2);
  CHECK(set.kept() == 2);
  set.ack(one, 1, lent[0].at);
  CHECK(set.kept() == 1);
  set.ack(one, 1, lent[1].at);
  CHECK(set.kept() == 0);
}

TEST_CASE("gateway_actor: a get is answered from another member") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  set.box.tell(set.members[one].gate, queue::get{4, true});
  set.settle();
  auto answer = set.box.take<edge::answered>();
  REQUIRE(answer);
  CHECK(answer->consumer == 4);
  auto* got = std::get_if<amqp::got>(&answer->what);
  REQUIRE(got != nullptr);
  REQUIRE(got->run);
  CHECK((*got->run)[0].body() == "a");
}

TEST_CASE("gateway_actor: describes and purges travel") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a", "b"});
  auto asker = GENERATE(one, two);
  auto told = set.ask<queue::description>(asker, queue::describe{});
  REQUIRE(told);
  CHECK(told->figures.ready == 2);
  CHECK(told->options.name == "orders");
  auto purged = set.ask<queue::purged>(asker, queue::purge{});
  REQUIRE(purged);
  CHECK(purged->messages == 2);
  CHECK(set.kept() == 0);
}

TEST_CASE("gateway_actor: what is asked while nobody leads is answered later") {
  auto set = gateway_stage{};
  auto answer = std::optional<queue::purged>{};
  set.box.spawn([&](caf::event_based_actor* self) {
    self->request(set.members[one].gate, caf::infinite, queue::purge{})
      .then([&](const queue::purged& x) { answer = x; });
  });
  set.settle();
  CHECK_FALSE(answer);
  set.lead(two);
  CHECK(answer);
}

TEST_CASE("gateway_actor: a queue is deleted from another member") {
  auto set = gateway_stage{};
  set.lead(two);
  set.publish(one, 1, {"a"});
  set.consume(one, 1, 0);
  set.consume(two, 2, 0);
  set.box.take<edge::answered>();
  set.box.take<edge::answered>();
  auto refused = set.ask<queue::erased>(one, queue::erase{true, false});
  REQUIRE(refused);
  CHECK(refused->what == queue::erased::verdict::in_use);
  auto done = set.ask<queue::erased>(one, queue::erase{});
  REQUIRE(done);
  CHECK(done->what == queue::erased::verdict::done);
  auto gone = std::set<std::uint64_t>{};
  while (auto x = set.box.take<edge::consumer_gone>()) gone.insert(x->consumer);
  CHECK(gone == std::set<std::uint64_t>{1, 2});
  CHECK(set.kept() == 0);
}

TEST_CASE("gateway_actor: shards of one queue may be on different members") {
  auto set = gateway_stage{2};
  REQUIRE(set.group(0) != set.group(1));
  set.lead(one, 0);
  set.lead(two, 1);
  set.publish(one, 1, {"a"}, 0);
  set.publish(one, 2, {"b"}, 1);
  CHECK(set.confirmed() == tickets{1, 2});
  set.consume(two, 1, 0);
  CHECK(is_done(set.box.take<edge::answered>()));
  auto all = set.bodies();
  std::ranges::sort(all);
  CHECK(all == strings{"a", "b"});
}

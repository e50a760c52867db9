#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

// -- retries and dead letters

TEST_CASE("queue_machine: waits longer before each retry, then gives up") {
  auto rig = queue_rig{};
  rig.subscribe(1, 1);
  rig.publish({"a"});
  rig.store_all();
  rig.fail(1, 1);
  rig.wait(999ms);
  CHECK(rig.bodies(1).empty());
  rig.wait(1ms);
  CHECK(rig.bodies(1) == strings{"a"});
  rig.fail(1, 1);
  rig.wait(1999ms);
  CHECK(rig.bodies(1).empty());
  rig.wait(1ms);
  REQUIRE(rig.hands[1].size() == 1);
  CHECK(rig.hands[1][0].attempt == 3);
  rig.fail(1, 1);
  rig.store_all();
  CHECK(rig.figures().length == 0);
  REQUIRE(rig.forwards.size() == 1);
  CHECK(rig.forwards[0].what.output == "h.dead");
  auto dead = (*rig.forwards[0].what.messages)[0];
  CHECK(dead.body() == "a");
  CHECK(dead.header("x-error-class") == "test");
  CHECK(dead.header("x-error-text") == "failed a");
  CHECK(dead.header("x-first-death-queue") == "q");
}

TEST_CASE("queue_machine: attempts survive a kill") {
  auto rig = queue_rig{};
  rig.subscribe(1, 1);
  rig.publish({"a"});
  rig.store_all();
  rig.fail(1, 1);
  rig.store_all();
  rig.kill();
  rig.subscribe(2, 1);
  CHECK(rig.bodies(2).empty()); // still waiting
  rig.wait(1s);
  REQUIRE(rig.hands[2].size() == 1);
  CHECK(rig.hands[2][0].attempt == 2);
}

TEST_CASE("queue_machine: what was emitted is forwarded until it is safe") {
  auto rig = queue_rig{};
  rig.subscribe(1, 1);
  rig.publish({"a"});
  rig.store_all();
  auto what = settlement{};
  what.acked.push_back({rig.hands[1][0].at, 1});
  what.emits.push_back({"h", batch_of({"out"})});
  rig.settle(1, what);
  CHECK(rig.forwards.empty()); // not before the ack is committed
  rig.store_all();
  REQUIRE(rig.forwards.size() == 1);
  CHECK(rig.forwards[0].what.sequences == std::vector<std::uint64_t>{1});
  rig.forwards.clear();
  rig.kill();
  REQUIRE(rig.forwards.size() == 1); // nobody knows whether it arrived
  CHECK(rig.forwards[0].what.sequences == std::vector<std::uint64_t>{1});
}

// -- order

TEST_CASE("queue_machine: a key goes to one consumer at a time, in order") {
  auto rig = queue_rig{queue_rig::by_key()};
  rig.subscribe(1, 2);
  rig.subscribe(2, 2);
  rig.publish({"k:1", "k:2", "k:3", "j:1"});
  rig.store_all();
  auto k = rig.bodies(1)[0] == "k:1" ? 1u : 2u;
  CHECK(rig.bodies(k) == strings{"k:1", "k:2"});
  CHECK(rig.bodies(3 - k) == strings{"j:1"});
  rig.ack(k, 2);
  rig.store_all();
  CHECK((rig.bodies(1) == strings{"k:3"} || rig.bodies(2).back() == "k:3"));
}

TEST_CASE("queue_machine: a key that retries holds up only itself") {
  auto rig = queue_rig{queue_rig::by_key()};
  rig.subscribe(1, 1);
  rig.publish({"k:1", "k:2", "j:1", "j:2"});
  rig.store_all();
  REQUIRE(rig.bodies(1) == strings{"k:1"});
  rig.fail(1, 1);
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"j:1"});
  rig.ack(1, 1);
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"j:2"});
  rig.ack(1, 1);
  rig.store_all();
  CHECK(rig.bodies(1).empty());
  rig.wait(1s);
  CHECK(rig.bodies(1) == strings{"k:1"});
  rig.ack(1, 1);
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"k:2"});
}

TEST_CASE("queue_machine: a key moves on only when its last ack is stored") {
  auto rig = queue_rig{queue_rig::by_key()};
  rig.publish({"k:1", "k:2"});
  rig.subscribe(1, 1);
  rig.store_all();
  rig.subscribe(2, 1);
  rig.ack(1, 1);
  rig.leave(1);
  CHECK(rig.bodies(2).empty());
  rig.store_all();
  CHECK(rig.bodies(2) == strings{"k:2"});
}

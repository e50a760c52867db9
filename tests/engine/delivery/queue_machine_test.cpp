#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

// -- publishing

TEST_CASE("queue_machine: confirms once the store has the messages") {
  auto rig = queue_rig{};
  rig.publish({"a", "b"});
  CHECK(rig.confirmed.empty());
  rig.store_all();
  CHECK(rig.confirmed == std::vector<std::uint64_t>{1});
}

TEST_CASE("queue_machine: a memory queue confirms at once, stores nothing") {
  auto rig = memory_rig();
  rig.publish({"a"});
  CHECK(rig.confirmed == std::vector<std::uint64_t>{1});
  CHECK(rig.to_store.empty());
}

TEST_CASE("queue_machine: lends nothing the store does not have yet") {
  auto rig = queue_rig{};
  rig.subscribe(1, 10);
  rig.publish({"a"});
  CHECK(rig.bodies(1).empty());
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"a"});
}

TEST_CASE("queue_machine: drops what a publisher published before") {
  auto rig = queue_rig{};
  rig.subscribe(1, 10);
  rig.publish({"a", "b"}, "file", {1, 2});
  rig.publish({"b", "c"}, "file", {2, 3});
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"a", "b", "c"});
  CHECK(rig.figures().repeats_dropped == 1);
  CHECK(rig.confirmed.size() == 2);
}

TEST_CASE("queue_machine: a repeat is confirmed no earlier than the first") {
  auto rig = queue_rig{};
  rig.publish({"a"}, "file", {1});
  rig.publish({"a"}, "file", {1});
  CHECK(rig.confirmed.empty());
  rig.store_all();
  CHECK(rig.confirmed == std::vector<std::uint64_t>{1, 2});
  rig.publish({"a"}, "file", {1});
  CHECK(rig.confirmed.size() == 3);
}

TEST_CASE("queue_machine: knows its publishers after a checkpoint and a kill") {
  auto rig = queue_rig{};
  rig.subscribe(1, 10);
  rig.publish({"a"}, "file", {1});
  rig.store_all();
  rig.ack(1, 1);
  rig.store_all();
  rig.checkpoint();
  rig.store_all();
  REQUIRE(rig.entries() == 1); // the checkpoint alone
  rig.kill();
  rig.publish({"a"}, "file", {1});
  rig.store_all();
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_machine: a publisher's later run ends its earlier ones") {
  auto rig = queue_rig{};
  auto publishes = [&rig](const std::string& publisher) {
    auto before = rig.figures().repeats_dropped;
    rig.publish({"a"}, publisher, {1});
    rig.store_all();
    return rig.figures().repeats_dropped == before;
  };
  REQUIRE(publishes("n1@7"));
  REQUIRE(publishes("n2@7"));
  REQUIRE(publishes("n1"));
  REQUIRE(!publishes("n1@7"));
  CHECK(publishes("n1@3")); // ids of runs have no order
  SECTION("and no others") {}
  SECTION("in what is recovered as well") {
    rig.checkpoint();
    rig.store_all();
    rig.kill();
  }
  CHECK(!publishes("n1@3"));
  CHECK(!publishes("n2@7"));
  CHECK(!publishes("n1"));
  CHECK(publishes("n1@7")); // it is forgotten
}

TEST_CASE("queue_machine: a checkpoint right after a start forgets nothing") {
  auto rig = queue_rig{};
  rig.subscribe(1, 1);
  rig.publish({"a", "b"});
  rig.store_all();
  rig.ack(1, 1);
  rig.store_all();
  rig.kill();
  rig.checkpoint();
  rig.store_all();
  rig.kill();
  rig.subscribe(2, 2);
  CHECK(rig.bodies(2) == strings{"b"});
}

TEST_CASE("queue_machine: a full queue holds its confirms until it has room") {
  auto options = queue_options{};
  options.max_length = 2;
  auto rig = queue_rig{options};
  rig.subscribe(1, 10);
  rig.publish({"a", "b"});
  rig.store_all();
  rig.publish({"c"});
  rig.store_all();
  CHECK(rig.confirmed == std::vector<std::uint64_t>{1});
  CHECK(rig.figures().held_confirms == 1);
  rig.ack(1, 1);
  CHECK(rig.confirmed == std::vector<std::uint64_t>{1, 2});
}

// -- lending

TEST_CASE("queue_machine: lends no more than a consumer's credit") {
  auto rig = memory_rig();
  rig.publish({"a", "b", "c"});
  rig.subscribe(1, 2);
  CHECK(rig.bodies(1) == strings{"a", "b"});
  rig.ack(1, 1);
  CHECK(rig.bodies(1) == strings{"b", "c"});
}

TEST_CASE("queue_machine: shares what is there among idle consumers") {
  auto rig = memory_rig();
  rig.subscribe(1, 100);
  rig.subscribe(2, 100);
  rig.publish({"a", "b", "c", "d"});
  CHECK(rig.bodies(1).size() == 2);
  CHECK(rig.bodies(2).size() == 2);
}

TEST_CASE("queue_machine: what comes back goes to its place in line") {
  auto rig = memory_rig();
  rig.publish({"a", "b", "c", "d"});
  rig.subscribe(1, 2);
  rig.leave(1);
  rig.subscribe(2, 4);
  CHECK(rig.bodies(2) == strings{"a", "b", "c", "d"});
  CHECK(rig.hands[2][0].attempt == 1);
}

TEST_CASE("queue_machine: a crash charges only the message that ran") {
  auto rig = memory_rig();
  rig.publish({"a", "b", "c"});
  rig.subscribe(1, 3);
  auto ran = rig.hands[1][1].at;
  rig.leave(1, failure{ran, {rig.now, "crash", "boom"}, {}, false});
  rig.subscribe(2, 3);
  CHECK(rig.bodies(2) == strings{"a", "c"});
  rig.wait(1s);
  CHECK(rig.bodies(2) == strings{"a", "c", "b"});
  CHECK(rig.hands[2][2].attempt == 2);
}

TEST_CASE("queue_machine: a crash nobody explains charges the oldest loan") {
  auto rig = memory_rig();
  rig.publish({"a", "b"});
  rig.subscribe(1, 2);
  rig.leave(1, failure{0, {rig.now, "crash", "gone"}, {}, false});
  CHECK(rig.figures().waiting == 1);
  rig.subscribe(2, 2);
  CHECK(rig.bodies(2) == strings{"b"});
}

TEST_CASE("queue_machine: takes no settlement for what is not on loan") {
  auto rig = memory_rig();
  rig.publish({"a"});
  rig.subscribe(1, 1);
  auto at = rig.hands[1][0].at;
  rig.leave(1);
  rig.subscribe(2, 1);
  auto late = settlement{};
  late.acked.push_back({at, 1});
  rig.settle(1, late);
  CHECK(rig.figures().length == 1);
  CHECK(rig.bodies(2) == strings{"a"});
}

TEST_CASE("queue_machine: acks with an emission count all or not at all") {
  auto rig = memory_rig();
  rig.publish({"a", "b"});
  rig.subscribe(1, 1);
  auto what = settlement{};
  what.acked.push_back({rig.hands[1][0].at, 2}); // the second is not on loan
  what.emits.push_back({"h", batch_of({"out"})});
  rig.settle(1, what);
  CHECK(rig.figures().length == 2);
  CHECK(rig.forwards.empty());
}

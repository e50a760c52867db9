#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

namespace {} // namespace

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

// -- before the store

TEST_CASE("queue_machine: lends what is not stored yet only where asked to") {
  auto options = queue_options{};
  options.lends_unstored = GENERATE(false, true);
  auto rig = queue_rig{options};
  rig.subscribe(1, 10);
  rig.publish({"a", "b"});
  CHECK(rig.bodies(1).size() == (options.lends_unstored ? 2 : 0));
  CHECK(rig.confirmed.empty());
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"a", "b"});
  CHECK(rig.confirmed.size() == 1);
}

TEST_CASE("queue_machine: an ack may overtake the store, not the log") {
  auto options = queue_options{};
  options.lends_unstored = true;
  auto rig = queue_rig{options};
  rig.subscribe(1, 10);
  rig.publish({"a"});
  rig.publish({"b"});
  rig.ack(1, 1);
  REQUIRE(rig.to_store.size() == 3);
  CHECK(std::holds_alternative<settle_entry>(rig.to_store.back().entry));
  CHECK(rig.figures().length == 1);
  rig.store_one();
  CHECK(rig.confirmed.size() == 1);
  rig.kill(); // the ack is lost, and the second message
  rig.subscribe(2, 10);
  CHECK(rig.bodies(2) == strings{"a"});
}

TEST_CASE("queue_machine: what was lent unstored leaves the log like others") {
  auto options = queue_options{};
  options.lends_unstored = true;
  options.resident_limit = 1;
  auto rig = queue_rig{options};
  rig.subscribe(1, 1000);
  for (int i = 0; i < 2000; ++i) {
    rig.publish({"a", "b"});
    rig.ack(1, 2);
    rig.store_all();
  }
  CHECK(rig.entries() < 600);
  CHECK(rig.figures().length == 0);
  CHECK(rig.figures().resident_bytes == 0);
}

// -- space

TEST_CASE("queue_machine: bodies beyond the limit are read back in order") {
  auto options = queue_options{};
  options.resident_limit = 64;
  auto rig = queue_rig{options};
  auto all = strings{};
  for (int i = 0; i < 100; ++i) {
    all.push_back("message " + std::to_string(i));
    rig.publish({all.back()});
  }
  rig.store_all();
  CHECK(rig.figures().resident_bytes < 128);
  rig.subscribe(1, 7);
  auto seen = strings{};
  while (rig.figures().length > 0) {
    rig.load_all();
    REQUIRE_FALSE(rig.hands[1].empty());
    seen.push_back(rig.hands[1][0].body);
    rig.ack(1, 1);
  }
  CHECK(seen == all);
  CHECK(rig.figures().resident_bytes == 0);
}

TEST_CASE("queue_machine: what is settled leaves the log") {
  auto rig = queue_rig{};
  rig.subscribe(1, 1000);
  for (int i = 0; i < 5000; ++i) {
    rig.publish({"a", "b"});
    rig.store_all();
    rig.ack(1, 2);
    rig.store_all();
  }
  CHECK(rig.entries() < 600);
  CHECK(rig.machine->figures().length == 0);
}

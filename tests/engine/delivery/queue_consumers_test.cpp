#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

namespace {

subscription asking(std::uint64_t id) {
  auto asked = subscription{};
  asked.id = consumer_id{id};
  asked.credit = 0;
  return asked;
}

strings numbers(int count) {
  auto all = strings{};
  for (int i = 0; i < count; ++i) all.push_back(std::to_string(i));
  return all;
}

} // namespace

// -- credit

TEST_CASE("queue_consumers: no credit is unlimited credit") {
  auto rig = memory_rig();
  rig.consume(1, 0);
  rig.publish(numbers(500));
  CHECK(rig.bodies(1).size() == 500);
}

TEST_CASE("queue_consumers: credit changes while messages are on loan") {
  auto rig = memory_rig();
  rig.consume(1, 1);
  rig.publish({"a", "b", "c", "d"});
  rig.machine->on_credit(consumer_id{1}, 3);
  rig.checkpoint();
  CHECK(rig.bodies(1).size() == 3);
  rig.machine->on_credit(consumer_id{1}, 1);
  rig.ack(1, 2);
  CHECK(rig.bodies(1) == strings{"c"});
}

TEST_CASE("queue_consumers: a window in bytes holds what was not written") {
  auto rig = memory_rig();
  auto asked = asking(1);
  asked.window_bytes = 10; // a message here takes 6, its key 1 and its body 1
  rig.consume(asked);
  rig.publish({"a", "b", "c", "d"});
  CHECK(rig.bodies(1) == strings{"a", "b"});
  rig.ack(1, 2);
  CHECK(rig.bodies(1).empty());
  rig.machine->on_written(consumer_id{1}, 5);
  rig.checkpoint();
  CHECK(rig.bodies(1).empty());
  rig.machine->on_written(consumer_id{1}, 3);
  rig.checkpoint();
  CHECK(rig.bodies(1) == strings{"c"});
}

TEST_CASE("queue_consumers: a window lets one large message through") {
  auto rig = memory_rig();
  auto asked = asking(1);
  asked.window_bytes = 20;
  rig.consume(asked);
  rig.publish({std::string(1000, 'x'), "b"});
  CHECK(rig.bodies(1).size() == 1);
}

TEST_CASE("queue_consumers: one that is paused takes nothing") {
  auto rig = memory_rig();
  rig.consume(1);
  rig.machine->on_pause(consumer_id{1}, true);
  rig.publish({"a"});
  CHECK(rig.bodies(1).empty());
  rig.machine->on_pause(consumer_id{1}, false);
  rig.checkpoint();
  CHECK(rig.bodies(1) == strings{"a"});
}

TEST_CASE("queue_consumers: without acks what is lent is settled") {
  auto rig = queue_rig{};
  auto asked = asking(1);
  asked.no_ack = true;
  rig.consume(asked);
  rig.publish({"a", "b"});
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"a", "b"});
  CHECK(rig.figures().length == 0);
  CHECK(rig.figures().unacked == 0);
  rig.store_all();
  rig.kill();
  CHECK(rig.figures().length == 0);
}

// -- turns

TEST_CASE("queue_consumers: take turns message by message where few wait") {
  auto rig = memory_rig();
  rig.consume(1);
  rig.consume(2);
  rig.publish({"a", "b", "c", "d"});
  CHECK(rig.bodies(1) == strings{"a", "c"});
  CHECK(rig.bodies(2) == strings{"b", "d"});
  rig.publish({"e"});
  rig.publish({"f"});
  CHECK(rig.bodies(1).back() == "e");
  CHECK(rig.bodies(2).back() == "f");
}

TEST_CASE("queue_consumers: large backlogs go out in long runs") {
  auto rig = memory_rig();
  rig.publish(numbers(200));
  rig.machine->on_subscribe(asking(1));
  rig.consume(2);
  CHECK(rig.bodies(1).size() + rig.bodies(2).size() == 200);
  auto& first = rig.hands[1];
  CHECK(first.size() == 100);
  CHECK(first.back().at - first.front().at == 99);
}

TEST_CASE("queue_consumers: the higher priority goes first while it can") {
  auto rig = memory_rig();
  rig.consume(1, 2);
  auto asked = asking(2);
  asked.priority = 10;
  asked.credit = 2;
  rig.consume(asked);
  rig.publish({"a", "b", "c"});
  CHECK(rig.bodies(2) == strings{"a", "b"});
  CHECK(rig.bodies(1) == strings{"c"});
}

// -- who may come

TEST_CASE("queue_consumers: an exclusive one comes alone or not at all") {
  auto rig = memory_rig();
  auto exclusive = asking(1);
  exclusive.is_exclusive = true;
  CHECK(rig.consume(exclusive));
  CHECK_FALSE(rig.consume(2));
  rig.leave(1);
  CHECK(rig.consume(2));
  exclusive.id = consumer_id{3};
  CHECK_FALSE(rig.consume(exclusive));
  CHECK(rig.figures().consumers == 1);
}

TEST_CASE("queue_consumers: one that cancelled keeps its loans") {
  auto rig = memory_rig();
  rig.publish({"a", "b"});
  rig.consume(1, 1);
  rig.machine->on_cancel(consumer_id{1});
  CHECK(rig.figures().consumers == 0);
  rig.ack(1, 1);
  CHECK(rig.bodies(1).empty());
  CHECK(rig.figures().length == 1);
  rig.leave(1);
  CHECK(rig.consume(2));
  CHECK(rig.bodies(2) == strings{"b"});
}

TEST_CASE("queue_consumers: a single active one, then the next in order") {
  auto options = queue_options{};
  options.is_single_active = true;
  auto rig = memory_rig(options);
  rig.consume(1, 1);
  rig.consume(2, 1);
  auto third = asking(3);
  third.priority = 5;
  rig.consume(third);
  auto turns = [&] {
    auto all = strings{};
    for (auto [of, is_active] : std::exchange(rig.activities, {}))
      all.push_back(
        (is_active ? "+" : "-")
        + std::to_string(static_cast<std::uint64_t>(of)));
    return all;
  };
  CHECK(turns() == strings{"+1", "-2", "-3"});
  rig.publish({"a", "b"});
  CHECK(rig.bodies(1) == strings{"a"});
  CHECK(rig.bodies(2).empty());
  rig.leave(1);
  CHECK(turns() == strings{"+3"});
  CHECK(rig.bodies(3) == strings{"a", "b"});
  rig.machine->on_cancel(consumer_id{3});
  rig.checkpoint();
  CHECK(turns() == strings{"-3", "+2"});
}

// -- what comes back

TEST_CASE("queue_consumers: what comes back says so, and how often") {
  auto rig = memory_rig();
  rig.consume(1, 1);
  rig.publish({"a"});
  CHECK_FALSE(rig.hands[1][0].redelivered);
  rig.end(1, 1, &settlement::unseen);
  CHECK_FALSE(rig.hands[1][0].redelivered);
  rig.end(1, 1, &settlement::returned);
  CHECK(rig.hands[1][0].redelivered);
  CHECK(rig.hands[1][0].deliveries == 0);
  rig.end(1, 1, &settlement::requeued);
  CHECK(rig.hands[1][0].deliveries == 1);
  rig.leave(1);
  rig.consume(2);
  CHECK(rig.hands[2][0].deliveries == 2);
  CHECK(rig.figures().redelivered == 3);
}

TEST_CASE("queue_consumers: what comes back goes before what never left") {
  auto rig = memory_rig();
  rig.consume(1, 2);
  rig.publish({"a", "b", "c"});
  rig.end(1, 1, &settlement::requeued);
  CHECK(rig.bodies(1) == strings{"b", "a"});
}

TEST_CASE("queue_consumers: after a kill anything may have been lent") {
  auto rig = queue_rig{};
  rig.publish({"a"});
  rig.store_all();
  rig.kill();
  rig.consume(1);
  CHECK(rig.hands[1][0].redelivered);
}

TEST_CASE("queue_consumers: a clean stop knows what was lent") {
  auto rig = queue_rig{};
  rig.publish({"a", "b", "c"});
  rig.store_all();
  rig.consume(1, 1);
  rig.leave(1);
  rig.checkpoint();
  rig.store_all();
  rig.kill();
  rig.consume(2, 2);
  CHECK(rig.bodies(2) == strings{"a", "b"});
  CHECK(rig.hands[2][0].redelivered);
  CHECK_FALSE(rig.hands[2][1].redelivered);
  // What was lent since then is known to the store before a kill.
  rig.store_all();
  rig.kill();
  rig.consume(3);
  CHECK(rig.hands[3][1].redelivered);
}

TEST_CASE("queue_consumers: deliveries survive kills and checkpoints") {
  auto options = queue_options{};
  options.counts_deliveries = true;
  auto rig = queue_rig{options};
  rig.publish({"a"});
  rig.store_all();
  rig.consume(1);
  rig.end(1, 1, &settlement::requeued);
  rig.store_all();
  rig.kill();
  rig.consume(2);
  CHECK(rig.hands[2][0].deliveries == 1);
  rig.end(2, 1, &settlement::requeued);
  rig.checkpoint();
  rig.store_all();
  rig.kill();
  rig.consume(3);
  CHECK(rig.hands[3][0].deliveries == 2);
}

// -- space

TEST_CASE("queue_consumers: loans do not keep bodies in memory") {
  auto options = queue_options{};
  options.resident_limit = 100;
  auto rig = queue_rig{options};
  rig.consume(1, 0);
  for (int i = 0; i < 50; ++i) {
    rig.publish({"message " + std::to_string(i)});
    rig.store_all();
  }
  CHECK(rig.bodies(1).size() == 50);
  CHECK(rig.figures().resident_bytes < 200);
  auto seen = strings{};
  rig.leave(1);
  rig.consume(2, 1);
  while (rig.figures().length > 0) {
    rig.load_all();
    REQUIRE_FALSE(rig.hands[2].empty());
    seen.push_back(rig.hands[2][0].body);
    rig.ack(2, 1);
  }
  REQUIRE(seen.size() == 50);
  CHECK(seen[49] == "message 49");
  CHECK(rig.figures().resident_bytes == 0);
}

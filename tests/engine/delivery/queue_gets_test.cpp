#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

TEST_CASE("queue_gets: one message at a time, with what remains") {
  auto rig = memory_rig();
  rig.publish({"a", "b"});
  rig.get(7);
  REQUIRE(rig.gets.size() == 1);
  CHECK(rig.gets[0].to == consumer_id{7});
  CHECK(rig.gets[0].number == 1);
  CHECK(rig.bodies(7) == strings{"a"});
  CHECK(rig.gets[0].remaining == 1);
  CHECK(rig.figures().unacked == 1);
  CHECK(rig.figures().consumers == 0);
  CHECK(rig.figures().getters == 1);
  rig.ack(7, 1);
  CHECK(rig.figures().length == 1);
}

TEST_CASE("queue_gets: an empty queue answers at once that it is") {
  auto rig = queue_rig{};
  rig.get(7);
  REQUIRE(rig.gets.size() == 1);
  CHECK_FALSE(rig.gets[0].run.has_value());
}

TEST_CASE("queue_gets: what is about to be stored is waited for") {
  auto rig = queue_rig{};
  rig.publish({"a"});
  rig.get(7);
  CHECK(rig.gets.empty());
  rig.store_all();
  REQUIRE(rig.gets.size() == 1);
  CHECK(rig.bodies(7) == strings{"a"});
}

TEST_CASE("queue_gets: a body that is not in memory is waited for") {
  auto options = queue_options{};
  options.resident_limit = 1;
  auto rig = queue_rig{options};
  rig.publish({"a"});
  rig.publish({"b"});
  rig.store_all();
  rig.get(7);
  CHECK(rig.bodies(7) == strings{"a"});
  rig.get(7);
  CHECK(rig.gets.size() == 1);
  rig.load_all();
  CHECK(rig.bodies(7) == strings{"a", "b"});
}

TEST_CASE("queue_gets: without acks what was got is gone") {
  auto rig = queue_rig{};
  rig.publish({"a"});
  rig.store_all();
  rig.get(7, true);
  CHECK(rig.figures().length == 0);
  rig.store_all();
  rig.kill();
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_gets: a getter that leaves takes its questions along") {
  auto rig = queue_rig{};
  rig.publish({"a"});
  rig.get(7);
  rig.leave(7);
  rig.store_all();
  CHECK(rig.gets.empty());
  CHECK(rig.figures().ready == 1);
}

TEST_CASE("queue_gets: by key, a busy key is passed over") {
  auto rig = queue_rig{queue_rig::by_key()};
  rig.publish({"k:1", "k:2", "j:1"});
  rig.store_all();
  rig.get(7);
  rig.get(8);
  CHECK(rig.bodies(7) == strings{"k:1"});
  CHECK(rig.bodies(8) == strings{"j:1"});
}

// -- purging

TEST_CASE("queue_gets: a purge drops all that is ready, nothing on loan") {
  auto rig = queue_rig{};
  rig.publish({"a", "b", "c"});
  rig.store_all();
  rig.consume(1, 1);
  rig.publish({"d", "e"}); // not stored yet
  CHECK(rig.purge() == 4);
  CHECK(rig.figures().length == 1);
  CHECK(rig.figures().ready_bytes == 0);
  CHECK(rig.figures().purged == 4);
  rig.store_all();
  CHECK(rig.confirmed.size() == 2);
  rig.end(1, 1, &settlement::requeued);
  CHECK(rig.bodies(1) == strings{"a"});
  rig.kill();
  rig.consume(2);
  CHECK(rig.bodies(2) == strings{"a"});
}

TEST_CASE("queue_gets: a purge takes what came back, not what retries") {
  auto rig = queue_rig{};
  rig.subscribe(1, 2);
  rig.publish({"a", "b"});
  rig.store_all();
  rig.fail(1, 1);
  rig.machine->on_pause(consumer_id{1}, true);
  rig.give_back(1, 1);
  CHECK(rig.purge() == 1);
  rig.machine->on_pause(consumer_id{1}, false);
  rig.wait(1s);
  CHECK(rig.bodies(1) == strings{"a"});
}

TEST_CASE("queue_gets: a purge by key empties the lanes") {
  auto rig = queue_rig{queue_rig::by_key()};
  rig.subscribe(1, 1);
  rig.publish({"k:1", "k:2", "j:1"});
  rig.subscribe(2, 1);
  rig.store_all();
  CHECK(rig.figures().unacked == 2);
  CHECK(rig.purge() == 1);
  rig.ack(1, 1);
  rig.ack(2, 1);
  rig.store_all();
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_gets: what is stored is listed for its end") {
  auto rig = queue_rig{};
  rig.publish({"a"});
  rig.publish({"b"});
  rig.store_all();
  rig.consume(1, 1);
  rig.ack(1, 1);
  rig.store_all();
  auto all = rig.machine->stored_entries();
  CHECK(all.size() == rig.entries());
  for (auto [partition, index] : all)
    CHECK(rig.logs[partition].contains(index));
}

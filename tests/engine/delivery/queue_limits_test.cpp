#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

namespace {

queue_options with(overflow how, std::uint64_t most) {
  auto options = queue_options{};
  options.overflow = how;
  options.max_length = most;
  return options;
}

queue_options in_memory(queue_options options) {
  options.is_durable = false;
  return options;
}

} // namespace

// -- priorities

TEST_CASE("queue_limits: the highest priority is lent first") {
  auto options = in_memory({});
  options.by_priority = true;
  options.partitions = 256;
  auto rig = queue_rig{options};
  rig.publish({"low"}, "", {}, 0);
  rig.publish({"high"}, "", {}, 255);
  rig.publish({"middle"}, "", {}, 4);
  rig.consume(1);
  CHECK(rig.bodies(1) == strings{"high", "middle", "low"});
}

TEST_CASE("queue_limits: what comes back keeps its priority") {
  auto options = in_memory({});
  options.by_priority = true;
  options.partitions = 10;
  auto rig = queue_rig{options};
  rig.consume(1, 1);
  rig.publish({"low"}, "", {}, 1);
  rig.machine->on_pause(consumer_id{1}, true);
  rig.end(1, 1, &settlement::requeued);
  rig.publish({"high"}, "", {}, 9);
  rig.machine->on_credit(consumer_id{1}, 0);
  rig.machine->on_pause(consumer_id{1}, false);
  rig.checkpoint();
  CHECK(rig.bodies(1) == strings{"high", "low"});
}

TEST_CASE("queue_limits: the last of 256 priorities survives a kill") {
  auto options = queue_options{};
  options.by_priority = true;
  options.partitions = 256;
  options.counts_deliveries = true;
  auto rig = queue_rig{options};
  rig.publish({"a", "b"}, "", {}, 255);
  rig.store_all();
  rig.subscribe(1, 2);
  rig.fail(1, 1);
  rig.store_all();
  rig.checkpoint();
  rig.store_all();
  rig.kill();
  rig.subscribe(2, 2);
  CHECK(rig.bodies(2) == strings{"b"});
  rig.wait(1s);
  CHECK(rig.bodies(2) == strings{"b", "a"});
  CHECK(rig.hands[2][1].attempt == 2);
}

// -- drop_head

TEST_CASE("queue_limits: the oldest ready message makes room") {
  auto rig = queue_rig{in_memory(with(overflow::drop_head, 2))};
  rig.publish({"a", "b", "c"});
  CHECK(rig.figures().dropped == 1);
  CHECK(rig.confirmed.size() == 1);
  rig.consume(1);
  CHECK(rig.bodies(1) == strings{"b", "c"});
}

TEST_CASE(
  "queue_limits: what is on loan does not count, but if it comes back") {
  auto rig = queue_rig{in_memory(with(overflow::drop_head, 1))};
  rig.consume(1, 1);
  rig.publish({"a"});
  rig.publish({"b"});
  CHECK(rig.figures().dropped == 0);
  rig.machine->on_pause(consumer_id{1}, true);
  rig.end(1, 1, &settlement::requeued);
  CHECK(rig.figures().dropped == 1);
  rig.machine->on_pause(consumer_id{1}, false);
  rig.checkpoint();
  CHECK(rig.bodies(1) == strings{"b"});
}

TEST_CASE("queue_limits: a consumer comes before the limit") {
  auto rig = queue_rig{with(overflow::drop_head, 1)};
  rig.consume(1);
  rig.publish({"a"});
  rig.publish({"b"});
  rig.publish({"c"});
  rig.store_all();
  CHECK(rig.bodies(1) == strings{"a", "b", "c"});
  CHECK(rig.figures().dropped == 0);
}

TEST_CASE("queue_limits: what is dropped stays dropped after a kill") {
  auto rig = queue_rig{with(overflow::drop_head, 2)};
  for (auto body : {"a", "b", "c", "d"}) rig.publish({body});
  rig.store_all();
  rig.kill();
  rig.consume(1);
  CHECK(rig.bodies(1) == strings{"c", "d"});
}

TEST_CASE("queue_limits: bytes of bodies are counted exactly") {
  auto options = in_memory(with(overflow::drop_head, 0));
  options.max_bytes = 10;
  auto rig = queue_rig{options};
  rig.publish({"12345", "1234"});
  CHECK(rig.figures().ready_bytes == 9);
  rig.publish({"12"});
  CHECK(rig.figures().ready_bytes == 6);
  CHECK(rig.figures().ready == 2);
  rig.consume(1, 1);
  CHECK(rig.figures().ready_bytes == 2);
  rig.end(1, 1, &settlement::unseen);
  rig.leave(1);
  CHECK(rig.figures().ready_bytes == 6);
}

TEST_CASE("queue_limits: what is dropped can become a dead letter") {
  auto options = with(overflow::drop_head, 1);
  options.dead_letters = dead_letter_rule{"amqp:/", "dlx", {}, true};
  auto rig = queue_rig{options};
  rig.publish({"a", "b", "c"});
  rig.store_all();
  CHECK(rig.letters() == strings{"a", "b"});
  auto dead = (*rig.forwards[0].what.messages)[0];
  CHECK(dead.exchange() == "dlx");
  CHECK(dead.routing_key() == "a");
  CHECK(dead.header("x-first-death-reason") == "maxlen");
  CHECK(rig.figures().ready == 1);
}

TEST_CASE("queue_limits: by key, the head is dropped too") {
  auto options = queue_rig::by_key();
  options.overflow = overflow::drop_head;
  options.max_length = 1;
  auto rig = queue_rig{options};
  rig.subscribe(1, 1);
  rig.publish({"k:1", "k:2", "k:3"});
  rig.store_all();
  CHECK(rig.figures().dropped == 1);
  rig.ack(1, 1);
  rig.store_all();
  CHECK(rig.figures().length == 1);
}

// -- reject_publish

TEST_CASE("queue_limits: the new ones are refused, and only they") {
  auto rig = queue_rig{in_memory(with(overflow::reject_publish, 3))};
  rig.publish({"a", "b"});
  rig.publish({"c", "d", "e"});
  REQUIRE(rig.answers.size() == 2);
  CHECK(rig.answers[0].refused.empty());
  CHECK(rig.answers[1].refused == std::vector<std::uint32_t>{1, 2});
  CHECK(rig.figures().refused == 2);
  rig.consume(1);
  CHECK(rig.bodies(1) == strings{"a", "b", "c"});
  rig.publish({"f"});
  CHECK(rig.bodies(1).size() == 4); // what is on loan does not count
}

TEST_CASE("queue_limits: a batch that is refused as a whole is answered") {
  auto rig = queue_rig{with(overflow::reject_publish, 1)};
  rig.publish({"a"});
  rig.publish({"b"});
  REQUIRE(rig.answers.size() == 1); // before the first is stored
  CHECK(rig.answers[0].ticket == 2);
  CHECK(rig.answers[0].refused == std::vector<std::uint32_t>{0});
  rig.store_all();
  CHECK(rig.answers.size() == 2);
}

TEST_CASE("queue_limits: a message too large for the bytes left is refused") {
  auto options = in_memory(with(overflow::reject_publish, 0));
  options.max_bytes = 5;
  auto rig = queue_rig{options};
  rig.publish({"1234", "56", "7"});
  CHECK(rig.answers[0].refused == std::vector<std::uint32_t>{1});
  CHECK(rig.figures().ready_bytes == 5);
}

TEST_CASE("queue_limits: what was refused can become a dead letter") {
  auto options = with(overflow::reject_publish_dead_letter, 1);
  options.dead_letters = dead_letter_rule{"amqp:/", "dlx", "dead", true};
  auto rig = queue_rig{options};
  rig.publish({"a", "b"});
  rig.store_all();
  CHECK(rig.answers[0].refused == std::vector<std::uint32_t>{1});
  CHECK(rig.letters() == strings{"b"});
  CHECK((*rig.forwards[0].what.messages)[0].routing_key() == "dead");
}

// -- duplicates

namespace {

publish_part marked(const std::string& body, const std::string& value) {
  return with_header(body, "x-deduplication-header", field_value{value});
}

} // namespace

TEST_CASE("queue_limits: duplicates are dropped and confirmed") {
  auto options = in_memory({});
  options.dedup = dedup_rule{};
  auto rig = queue_rig{options};
  rig.send({marked("a", "1"), marked("b", "2"), marked("c", "1")});
  rig.send({marked("d", "2")});
  rig.publish({"no header", "no header"});
  CHECK(rig.confirmed.size() == 3);
  CHECK(rig.figures().repeats_dropped == 2);
  rig.consume(1);
  CHECK(rig.bodies(1) == strings{"a", "b", "no header", "no header"});
}

TEST_CASE("queue_limits: of many values only the newest are remembered") {
  auto options = in_memory({});
  options.dedup = dedup_rule{};
  options.dedup->most = 2;
  auto rig = queue_rig{options};
  rig.send({marked("a", "1"), marked("b", "2"), marked("c", "3")});
  rig.send({marked("d", "1"), marked("e", "3")});
  CHECK(rig.figures().repeats_dropped == 1);
}

TEST_CASE("queue_limits: a value is forgotten after its time") {
  auto options = in_memory({});
  options.dedup = dedup_rule{};
  options.dedup->ttl = 10s;
  auto rig = queue_rig{options};
  rig.send({marked("a", "1")});
  rig.wait(9s);
  rig.send({marked("b", "1")});
  CHECK(rig.figures().repeats_dropped == 1);
  rig.wait(1s);
  rig.send({marked("c", "1")});
  CHECK(rig.figures().repeats_dropped == 1);
}

TEST_CASE("queue_limits: values survive kills and checkpoints") {
  auto options = queue_options{};
  options.dedup = dedup_rule{};
  auto rig = queue_rig{options};
  rig.send({marked("a", "1")});
  rig.store_all();
  rig.kill();
  rig.send({marked("b", "1")});
  CHECK(rig.figures().repeats_dropped == 1);
  rig.consume(1);
  rig.ack(1, 1);
  rig.store_all();
  rig.checkpoint();
  rig.store_all();
  REQUIRE(rig.entries() == 1);
  rig.kill();
  rig.send({marked("c", "1")});
  CHECK(rig.figures().repeats_dropped == 1);
  CHECK(rig.figures().length == 0);
}

// -- more than fits the memory

TEST_CASE("queue_limits: a memory queue's surplus goes to the store") {
  auto options = in_memory({});
  options.resident_limit = 100;
  auto rig = queue_rig{options};
  auto all = strings{};
  for (int i = 0; i < 50; ++i) {
    all.push_back("message " + std::to_string(i));
    rig.publish({all.back()});
  }
  CHECK(rig.confirmed.size() < 50); // until the store has them
  rig.store_all();
  CHECK(rig.confirmed.size() == 50);
  CHECK(rig.figures().resident_bytes < 200);
  CHECK(rig.entries() > 40);
  rig.consume(1, 3);
  auto seen = strings{};
  while (rig.figures().length > 0) {
    rig.load_all();
    REQUIRE_FALSE(rig.hands[1].empty());
    seen.push_back(rig.hands[1][0].body);
    rig.ack(1, 1);
  }
  CHECK(seen == all);
  CHECK(rig.entries() == 0); // erased with their last message
  CHECK(rig.figures().resident_bytes == 0);
}

TEST_CASE("queue_limits: a surplus settled before it is stored is erased") {
  auto options = in_memory({});
  options.resident_limit = 1;
  auto rig = queue_rig{options};
  rig.consume(1);
  rig.publish({"a"});
  rig.ack(1, 1);
  CHECK(rig.figures().length == 0);
  rig.store_all();
  CHECK(rig.entries() == 0);
  CHECK(rig.confirmed.size() == 1);
}

TEST_CASE("queue_limits: publishers wait where the store takes no surplus") {
  auto options = in_memory({});
  options.resident_limit = 40;
  auto rig = queue_rig{options};
  rig.takes_spills = false;
  rig.publish({std::string(30, 'a')});
  rig.publish({std::string(30, 'b')});
  rig.store_all();
  CHECK(rig.figures().held_confirms == 2);
  rig.consume(1, 1);
  rig.ack(1, 1);
  rig.ack(1, 1);
  CHECK(rig.confirmed.size() == 2);
}

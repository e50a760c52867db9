#include "tests/support/queue_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;
using strings = std::vector<std::string>;

namespace {

queue_options with_rule(bool is_durable = true) {
  auto options = queue_options{};
  options.is_durable = is_durable;
  options.dead_letters = dead_letter_rule{"amqp:/", "dlx", {}, true};
  return options;
}

std::vector<message> letters(const queue_rig& rig) {
  auto all = std::vector<message>{};
  for (const auto& x : rig.forwards)
    for (std::size_t i = 0; i < x.what.messages->size(); ++i)
      all.push_back((*x.what.messages)[i]);
  return all;
}

void forward_all(queue_rig& rig) {
  while (!rig.forwards.empty()) {
    auto x = std::move(rig.forwards.front());
    rig.forwards.pop_front();
    rig.machine->on_forwarded(x.partition, x.index);
    rig.checkpoint();
  }
}

} // namespace

TEST_CASE("queue_dying: what is rejected becomes a dead letter, once stored") {
  auto rig = queue_rig{with_rule()};
  rig.consume(1);
  rig.publish({"a", "b"});
  rig.store_all();
  rig.end(1, 1, &settlement::rejected);
  CHECK(rig.forwards.empty());
  rig.store_all();
  REQUIRE(letters(rig).size() == 1);
  auto dead = letters(rig)[0];
  CHECK(dead.body() == "a");
  CHECK(dead.exchange() == "dlx");
  CHECK(dead.header("x-last-death-reason") == "rejected");
  CHECK(rig.forwards[0].what.output == "amqp:/");
  CHECK(rig.figures().rejected == 1);
  CHECK(rig.figures().length == 1);
  rig.kill();
  CHECK(rig.figures().length == 1);
  CHECK(rig.forwards.size() == 2); // nobody knows whether it arrived
}

TEST_CASE("queue_dying: without a rule what is rejected is gone") {
  auto rig = queue_rig{};
  rig.consume(1);
  rig.publish({"a"});
  rig.store_all();
  rig.end(1, 1, &settlement::rejected);
  rig.store_all();
  CHECK(rig.figures().length == 0);
  CHECK(rig.forwards.empty());
  rig.kill();
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_dying: bodies that left the memory are read back for it") {
  auto options = with_rule();
  options.resident_limit = 1;
  auto rig = queue_rig{options};
  rig.consume(1);
  rig.publish({"a"});
  rig.publish({"b"});
  rig.store_all();
  rig.load_all();
  REQUIRE(rig.bodies(1) == strings{"a", "b"});
  CHECK(rig.figures().resident_bytes == 0);
  rig.end(1, 2, &settlement::rejected);
  rig.store_all();
  CHECK(rig.forwards.empty());
  CHECK(rig.figures().ready == 0);
  rig.load_all();
  rig.store_all();
  CHECK(letters(rig).size() == 2);
  CHECK(rig.figures().length == 0);
  CHECK(rig.figures().resident_bytes == 0);
}

TEST_CASE("queue_dying: one that came back too often dies") {
  auto options = with_rule();
  options.delivery_limit = 2;
  auto rig = queue_rig{options};
  rig.publish({"a"});
  rig.store_all();
  for (auto consumer : {1u, 2u}) {
    rig.consume(consumer);
    REQUIRE(rig.bodies(consumer) == strings{"a"});
    rig.leave(consumer);
  }
  rig.store_all();
  rig.kill(); // what was counted stays counted
  rig.consume(3);
  rig.end(3, 1, &settlement::returned); // does not count
  REQUIRE(rig.bodies(3) == strings{"a"});
  rig.end(3, 1, &settlement::requeued);
  rig.store_all();
  REQUIRE(letters(rig).size() == 1);
  CHECK(letters(rig)[0].header("x-first-death-reason") == "delivery_limit");
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_dying: many that die do not fill the memory with letters") {
  auto options = with_rule(false);
  options.message_ttl = 1s;
  auto rig = queue_rig{options};
  for (int i = 0; i < 100; ++i) rig.publish(strings(256, "x"));
  rig.wait(1s);
  CHECK(rig.figures().ready == 0);
  CHECK(rig.forwards.size() <= 32);
  auto count = std::size_t{0};
  while (!rig.forwards.empty()) {
    count += letters(rig).size();
    forward_all(rig);
    if (rig.figures().length == 0) break;
  }
  CHECK(rig.figures().dead_lettered == 100 * 256);
  CHECK(rig.figures().length == 0);
}

TEST_CASE("queue_dying: a handler's failure without an output dies here") {
  auto rig = queue_rig{with_rule()};
  rig.consume(1);
  rig.publish({"a"});
  rig.store_all();
  rig.fail(1, 1, true);
  rig.store_all();
  REQUIRE(letters(rig).size() == 1);
  CHECK(letters(rig)[0].header("x-first-death-reason") == "delivery_limit");
}

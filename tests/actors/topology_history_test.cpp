#include "tests/actors/topology_stage.hpp"

// Exchanges with a history, and what a new binding is brought of it.

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

const auto kept = amqp::history_queue_name("recent");

amqp::declare_exchange history_of(std::int32_t length) {
  auto made = an_exchange("recent", "x-recent-history");
  made.arguments.fields.push_back({"x-recent-history-length", {length}});
  return made;
}

/// A stage with an exchange that keeps so many messages.
struct history_stage : topology_stage {
  explicit history_stage(std::int32_t length) { get_done(history_of(length)); }
};

std::vector<std::string> numbered(std::size_t from, std::size_t to) {
  auto all = std::vector<std::string>{};
  for (auto i = from; i < to; ++i) all.push_back(std::to_string(i));
  return all;
}

/// Consumes all that a queue has and returns the bodies.
std::vector<std::string>
bodies_in(topology_stage& set, const std::string& queue) {
  auto asked = subscription{};
  asked.credit = 0;
  set.box.tell(set.where(queue), queue::subscribe{asked, 99});
  REQUIRE(set.answer());
  auto all = std::vector<std::string>{};
  while (auto come = set.box.take<consumer::deliver>())
    for (const auto& run : come->runs)
      for (std::uint32_t i = 0; i < run.count; ++i)
        all.emplace_back(run[i].body());
  return all;
}

std::uint64_t ready_in(topology_stage& set, const std::string& queue) {
  return set.box.ask<queue::description>(set.where(queue), queue::describe{})
    .value()
    .figures.ready;
}

} // namespace

TEST_CASE("topology_actor: an exchange with a history gets its queue and loses "
          "it") {
  auto set = history_stage{3};
  REQUIRE(set.where(kept));
  set.publish(kept, numbered(0, 5));
  CHECK(ready_in(set, kept) == 3);
  set.get_done(history_of(3)); // again
  CHECK(ready_in(set, kept) == 3);
  set.get_done(amqp::delete_exchange{"/", "recent"});
  CHECK_FALSE(set.find(kept));
}

TEST_CASE("topology_actor: a new binding is brought the history, in order, and "
          "once") {
  auto set = history_stage{20};
  set.publish(kept, numbered(0, 25));
  set.get_done(a_queue("q"));
  set.get_done(bound("recent", "q", "k"));
  CHECK(ready_in(set, "q") == 20);
  set.get_done(bound("recent", "q", "k")); // is there already
  CHECK(bodies_in(set, "q") == numbered(5, 25));
  CHECK(ready_in(set, kept) == 20); // given back
  set.get_done(a_queue("later"));
  set.get_done(bound("recent", "later", ""));
  CHECK(bodies_in(set, "later") == numbered(5, 25));
}

TEST_CASE("topology_actor: a history longer than what is borrowed at a time "
          "comes whole") {
  auto set = history_stage{5000};
  auto large = std::vector<std::string>{};
  for (auto i = 0; i < 3000; ++i)
    large.push_back(std::to_string(i) + std::string(1000, '.'));
  set.publish(kept, large);
  set.get_done(a_queue("q"));
  set.get_done(bound("recent", "q", ""));
  CHECK(bodies_in(set, "q") == large);
}

TEST_CASE("topology_actor: bindings at the same time are brought all of it "
          "each") {
  auto set = history_stage{20};
  set.publish(kept, numbered(0, 20));
  for (const auto* name : {"a", "b", "c"}) set.get_done(a_queue(name));
  for (const auto* name : {"a", "b", "c"})
    set.box.self->send(
      set.topology, broker::ask{1, amqp::request{bound("recent", name, "")}});
  set.box.play();
  for (const auto* name : {"a", "b", "c"}) {
    CHECK(set.answer());
    CHECK(ready_in(set, name) == 20);
  }
}

TEST_CASE("topology_actor: a history goes on through another exchange") {
  auto set = history_stage{20};
  set.publish(kept, {"k:0", "other", "k:1"}); // keys end at the colon
  for (const auto* name : {"a", "b"}) set.get_done(a_queue(name));
  set.get_done(bound("amq.direct", "a", "k"));
  set.get_done(bound("amq.direct", "b", "none"));
  auto chained = bound("recent", "amq.direct", "");
  chained.to_queue = false;
  set.get_done(chained);
  CHECK(bodies_in(set, "a") == std::vector<std::string>{"k:0", "k:1"});
  CHECK(ready_in(set, "b") == 0);
}

TEST_CASE("topology_actor: a durable binding is stored when its history has "
          "come") {
  auto set = topology_stage{};
  auto durable = history_of(20);
  durable.durable = true;
  set.get_done(durable);
  set.publish(kept, numbered(0, 3));
  set.get_done(durable_queue("q"));
  set.store->seen.clear();
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(bound("recent", "q", "k")));
  auto changes = [&] {
    auto count = std::size_t{0};
    for (const auto& x : set.store->seen) count += x.changes.size();
    return count;
  };
  CHECK(changes() == 0); // q is still storing what it was brought
  set.answer_store();
  CHECK(changes() == 1);
  CHECK_FALSE(set.answer());
  set.answer_store();
  CHECK(set.answer());
}

TEST_CASE("topology_actor: a binding that goes while its history comes leaves "
          "no record") {
  auto set = topology_stage{};
  auto durable = history_of(20);
  durable.durable = true;
  set.get_done(durable);
  set.publish(kept, numbered(0, 3));
  set.get_done(durable_queue("q"));
  set.store->seen.clear();
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(bound("recent", "q", "k")));
  auto ends = bound("recent", "q", "k");
  ends.adds = false;
  CHECK_FALSE(set.ask(ends));
  set.answer_store();
  set.answer_store();
  auto changes = std::vector<bool>{}; // which of them keep something
  for (const auto& x : set.store->seen)
    for (const auto& y : x.changes)
      changes.push_back(y.change.value.has_value());
  CHECK(changes == std::vector<bool>{false});
  CHECK(set.answer());
  CHECK(set.answer());
}

TEST_CASE("topology_actor: a queue that takes nothing holds a binding up for "
          "seconds alone") {
  auto set = history_stage{20};
  set.publish(kept, numbered(0, 3));
  set.get_done(durable_queue("q"));
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(bound("recent", "q", "")));
  set.box.wait(4900ms);
  CHECK_FALSE(set.answer());
  set.box.wait(200ms);
  CHECK(set.answer());
  CHECK(ready_in(set, kept) == 3);
}

TEST_CASE("topology_actor: a history that ends while it is borrowed ends the "
          "wait") {
  auto set = history_stage{20};
  set.publish(kept, numbered(0, 3));
  set.get_done(durable_queue("q"));
  set.store->is_slow = true;
  CHECK_FALSE(set.ask(bound("recent", "q", "")));
  set.box.tell(
    set.topology,
    broker::ask{1, amqp::request{amqp::delete_exchange{"/", "recent"}}});
  CHECK(set.answer());
  CHECK(set.answer());
  CHECK_FALSE(set.find(kept));
}

TEST_CASE("topology_actor: a stored exchange gets the queue it lacks") {
  auto start = topology_start{};
  start.machine.add_vhost("/");
  start.machine
    .declare_exchange(
      "/", {"recent", "x-recent-history", true, false, false, {}})
    .value();
  auto set = topology_stage{std::move(start)};
  CHECK(set.where(kept));
}

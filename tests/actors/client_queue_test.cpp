#include "tests/actors/queue_stage.hpp"

// What a queue's actor is to connections: the test is one, with consumers that
// it numbers.

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

/// Acks one message of a consumer.
void ack(queue_stage& set, std::uint64_t consumer, position at) {
  auto what = settlement{};
  what.acked.push_back({at, 1});
  set.box.tell(set.orders, queue::settle{0, {what}, consumer});
}

/// Returns the answer to a get, which is there at once.
amqp::got get(queue_stage& set, std::uint64_t number, bool no_ack = false) {
  set.box.tell(set.orders, queue::get{number, no_ack});
  auto answer = set.box.take<edge::answered>();
  REQUIRE(answer);
  return std::get<amqp::got>(answer->what);
}

} // namespace

TEST_CASE("queue_actor: consumers of one connection are told apart") {
  auto set = queue_stage{};
  set.consume(4, 1);
  set.consume(9, 1);
  CHECK(set.box.take<edge::answered>());
  CHECK(set.box.take<edge::answered>());
  set.enqueue(1, {"a", "b", "c"});
  auto first = set.box.take<consumer::deliver>();
  auto second = set.box.take<consumer::deliver>();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->consumer + second->consumer == 4 + 9);
  ack(set, second->consumer, second->runs[0].at);
  auto third = set.box.take<consumer::deliver>();
  REQUIRE(third);
  CHECK(third->consumer == second->consumer);
}

TEST_CASE("queue_actor: no consumer settles what another has on loan") {
  auto set = queue_stage{};
  set.consume(4, 1);
  set.consume(9, 1);
  set.enqueue(1, {"a"});
  auto lent = set.box.take<consumer::deliver>();
  REQUIRE(lent);
  ack(set, lent->consumer == 4 ? 9 : 4, lent->runs[0].at);
  set.box.tell(set.orders, queue::leave{{}, lent->consumer});
  auto again = set.box.take<consumer::deliver>();
  REQUIRE(again);
  CHECK(again->consumer != lent->consumer);
}

TEST_CASE("queue_actor: a consumer that must be alone is refused, by number") {
  auto set = queue_stage{};
  set.consume(1, 1);
  auto asked = subscription{};
  asked.is_exclusive = true;
  set.box.tell(set.orders, queue::subscribe{asked, 2});
  CHECK(
    std::holds_alternative<amqp::done>(set.box.take<edge::answered>()->what));
  auto answer = set.box.take<edge::answered>();
  REQUIRE(answer);
  auto* why = std::get_if<amqp::refused>(&answer->what);
  REQUIRE(why);
  CHECK(why->code == amqp::reply_code::access_refused);
  CHECK(why->text == "queue 'orders' in vhost '/' in exclusive use");
}

TEST_CASE("queue_actor: confirms name the messages that were refused") {
  auto options = queue_options{};
  options.max_length = 2;
  options.overflow = overflow::reject_publish;
  auto set = queue_stage{options};
  set.enqueue(7, {"a", "b", "c", "d"});
  auto told = set.box.take<router::confirmed>();
  REQUIRE(told);
  CHECK(told->tickets == std::vector<std::uint64_t>{7});
  CHECK(told->refused.at(7) == std::vector<std::uint32_t>{2, 3});
  set.consume(1, 10);
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("queue_actor: gets take one each and say how many are left") {
  auto set = queue_stage{};
  CHECK_FALSE(get(set, 3).run);
  set.enqueue(1, {"a", "b"});
  auto first = get(set, 3);
  REQUIRE(first.run);
  CHECK((*first.run)[0].body() == "a");
  CHECK(first.remaining == 1);
  auto second = get(set, 5, true);
  REQUIRE(second.run);
  CHECK((*second.run)[0].body() == "b");
  CHECK_FALSE(get(set, 5).run);
  set.box.tell(set.orders, queue::leave{{}, 3}); // had not acked "a"
  auto again = get(set, 5);
  REQUIRE(again.run);
  CHECK(again.run->redelivered);
}

TEST_CASE("queue_actor: a purge drops what is ready, not what is on loan") {
  auto set = queue_stage{};
  set.enqueue(1, {"a", "b", "c"});
  set.consume(1, 1);
  CHECK(set.bodies() == strings{"a"});
  auto told = set.box.ask<queue::purged>(set.orders, queue::purge{});
  REQUIRE(told);
  CHECK(told->messages == 2);
  set.box.tell(set.orders, queue::leave{{}, 1});
  set.consume(2, 10);
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("queue_actor: a queue that ends tells consumers and publishers") {
  auto set = queue_stage{};
  set.consume(4, 1);
  set.consume(9, 1);
  set.store->is_slow = true;
  set.enqueue(1, {"a"});
  CHECK_FALSE(set.box.take<router::confirmed>());
  auto told = set.box.ask<queue::erased>(set.orders, queue::erase{});
  REQUIRE(told);
  CHECK(told->what == queue::erased::verdict::done);
  CHECK(set.box.take<router::confirmed>());
  auto gone = std::vector<std::uint64_t>{};
  while (auto x = set.box.take<edge::consumer_gone>())
    gone.push_back(x->consumer);
  CHECK(gone == std::vector<std::uint64_t>{4, 9});
  CHECK_FALSE(set.box.ask<queue::purged>(set.orders, queue::purge{}));
}

TEST_CASE("queue_actor: a queue that ends erases what it has stored") {
  auto set = queue_stage{};
  set.enqueue(1, {"a"});
  set.enqueue(2, {"b"});
  REQUIRE(set.box.ask<queue::erased>(set.orders, queue::erase{}));
  CHECK(set.store->seen.back().erases.size() == 2);
}

TEST_CASE("queue_actor: of a vanished client's loans only what it had in hand "
          "counts") {
  auto options = queue_options{};
  options.counts_deliveries = true;
  auto set = queue_stage{options};
  set.enqueue(1, {"a", "b", "c"});
  set.consume(1, 10);
  auto lent = set.box.take<consumer::deliver>();
  REQUIRE(lent);
  auto crash = failure{};
  crash.at = lent->runs[0].at;
  set.box.tell(set.orders, queue::leave{crash, 1});
  set.consume(2, 10);
  auto seen = std::vector<std::pair<std::string, std::uint32_t>>{};
  while (auto x = set.box.take<consumer::deliver>())
    for (const auto& run : x->runs)
      for (std::uint32_t i = 0; i < run.count; ++i)
        seen.emplace_back(run[i].body(), run.deliveries);
  CHECK(
    seen
    == std::vector<std::pair<std::string, std::uint32_t>>{
      {"a", 1}, {"b", 0}, {"c", 0}});
}

TEST_CASE("queue_actor: a cancel keeps what was lent and lends no more") {
  auto set = queue_stage{};
  set.consume(1, 2);
  set.enqueue(1, {"a", "b", "c"});
  auto lent = set.box.take<consumer::deliver>();
  REQUIRE(lent);
  set.box.take<edge::answered>();
  set.box.tell(set.orders, queue::cancel{1, true});
  CHECK(set.box.take<edge::answered>());
  ack(set, 1, lent->runs[0].at);
  CHECK(set.bodies().empty());
  set.box.tell(set.orders, queue::leave{{}, 1});
  set.consume(2, 10);
  CHECK(set.bodies() == strings{"b", "c"});
}

TEST_CASE("queue_actor: credit that is raised is used at once") {
  auto set = queue_stage{};
  set.consume(1, 1);
  set.enqueue(1, {"a", "b", "c"});
  CHECK(set.bodies() == strings{"a"});
  set.box.tell(set.orders, queue::grant{1, 2});
  CHECK(set.bodies() == strings{"b"});
  set.box.tell(set.orders, queue::grant{1, 0});
  CHECK(set.bodies() == strings{"c"});
}

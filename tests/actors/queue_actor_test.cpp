#include "tests/actors/queue_stage.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("queue_actor: a publisher hears once its messages are stored") {
  auto set = queue_stage{};
  set.store->is_slow = true;
  set.publish(7, {"a", "b"}, {1, 2});
  CHECK_FALSE(set.box.take<queue::published>());
  set.answer_store();
  auto answer = set.box.take<queue::published>();
  REQUIRE(answer);
  CHECK(answer->ticket == 7);
}

TEST_CASE("queue_actor: delivers to a subscriber within its credit") {
  auto set = queue_stage{};
  set.publish(1, {"a", "b", "c"}, {1, 2, 3});
  set.subscribe(2);
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("queue_actor: wakes up for a retry by the clock") {
  auto set = queue_stage{};
  set.publish(1, {"a"}, {1});
  set.subscribe(1);
  auto delivered = set.box.take<consumer::deliver>();
  REQUIRE(delivered);
  auto what = settlement{};
  what.failed.push_back({delivered->runs[0].at, {{}, "x", "y"}, 5s, false});
  set.box.tell(set.orders, queue::settle{1, {what}});
  set.box.wait(4900ms);
  CHECK(set.bodies().empty());
  set.box.wait(200ms);
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("queue_actor: says when a settlement is stored") {
  auto set = queue_stage{};
  set.publish(1, {"a"}, {1});
  set.subscribe(1);
  auto delivered = set.box.take<consumer::deliver>();
  REQUIRE(delivered);
  set.store->is_slow = true;
  auto what = settlement{};
  what.acked.push_back({delivered->runs[0].at, 1});
  set.box.tell(set.orders, queue::settle{9, {what}});
  CHECK_FALSE(set.box.take<consumer::settled>());
  set.answer_store();
  auto settled = set.box.take<consumer::settled>();
  REQUIRE(settled);
  CHECK(settled->number == 9);
}

TEST_CASE("queue_actor: answers a round once all its parts are stored") {
  auto set = queue_stage{};
  set.publish(1, {"a", "b"}, {1, 2});
  set.subscribe(2);
  auto delivered = set.box.take<consumer::deliver>();
  REQUIRE(delivered);
  set.store->is_slow = true;
  auto at = delivered->runs[0].at;
  auto first = settlement{};
  first.acked.push_back({at, 1});
  auto second = settlement{}; // nothing to store: done at once
  second.returned.push_back({at + 1, 1});
  set.box.tell(set.orders, queue::settle{9, {first, second}});
  CHECK_FALSE(set.box.take<consumer::settled>());
  set.answer_store();
  auto settled = set.box.take<consumer::settled>();
  REQUIRE(settled);
  CHECK(settled->number == 9);
}

TEST_CASE("queue_actor: acks alone do not ask for an fsync, publishes do") {
  auto set = queue_stage{};
  set.publish(1, {"a"}, {1});
  CHECK(set.store->seen.back().sync);
  set.subscribe(1);
  auto delivered = set.box.take<consumer::deliver>();
  auto what = settlement{};
  what.acked.push_back({delivered->runs[0].at, 1});
  set.box.tell(set.orders, queue::settle{1, {what}});
  CHECK_FALSE(set.store->seen.back().sync);
}

TEST_CASE("queue_actor: a consumer that dies gives its loans to the next") {
  auto set = queue_stage{};
  set.publish(1, {"a", "b"}, {1, 2});
  auto doomed = set.box.spawn([&](caf::event_based_actor* self) {
    auto asked = subscription{};
    asked.credit = 2;
    asked.dead_output = "h.dead"; // a stage's, which has a policy
    self->request(
      caf::actor_cast<caf::actor>(set.orders), caf::infinite,
      queue::subscribe{asked});
    return caf::behavior{[](const consumer::deliver&) {}};
  });
  caf::anon_send_exit(doomed, caf::exit_reason::kill);
  set.box.play();
  set.subscribe(2);
  CHECK(set.bodies() == strings{"b"}); // "a" ran: it waits for its retry
  set.box.wait(2s);
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("queue_actor: publishers wait while the disk is full") {
  auto set = queue_stage{};
  *set.is_full = true;
  set.publish(1, {"a"}, {1});
  set.publish(2, {"b"}, {2});
  CHECK(set.store->seen.empty());
  *set.is_full = false;
  set.box.wait(500ms);
  CHECK(set.box.take<queue::published>()->ticket == 1);
  CHECK(set.box.take<queue::published>()->ticket == 2);
  set.subscribe(2);
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("queue_actor: closes once all it wrote is stored") {
  auto set = queue_stage{};
  set.store->is_slow = true;
  set.publish(1, {"a"}, {1});
  auto closed = false;
  auto reply = set.box.self->request(set.orders, caf::infinite, queue::close{});
  set.box.play();
  set.answer_store(); // the publish
  set.answer_store(); // the checkpoint
  reply.receive(
    [&](queue::closed) { closed = true; }, [](const caf::error&) {});
  CHECK(closed);
}

TEST_CASE("queue_actor: what has expired is not lent, even if its timer is "
          "late") {
  auto options = queue_options{};
  options.message_ttl = 1s;
  auto set = queue_stage{options};
  set.enqueue(1, {"a"});
  auto asked = subscription{};
  asked.credit = 1;
  // In the mailbox before the timer's message is.
  set.box.self->send(set.orders, queue::subscribe{asked});
  set.box.wait(1500ms);
  CHECK(set.bodies().empty());
  set.enqueue(2, {"b"});
  CHECK(set.bodies() == strings{"b"});
}

TEST_CASE("queue_actor: a queue in memory stores what has no room, in commits "
          "of its own") {
  auto options = queue_options{};
  options.is_durable = false;
  options.resident_limit = 1000;
  auto set = queue_stage{options};
  set.enqueue(1, {"a"});
  CHECK(set.box.take<router::confirmed>()->tickets[0] == 1);
  set.subscribe(1);
  auto delivered = set.box.take<consumer::deliver>();
  REQUIRE(delivered);
  CHECK(set.store->seen.empty()); // there is room
  auto acked = settlement{};
  acked.acked.push_back({delivered->runs[0].at, 1});
  acked.changes.push_back({"h", "", "count", "1"}); // state is committed
  auto large = batch_of({std::string(2000, 'x')});
  auto publish_large = [&](std::uint64_t ticket) {
    auto what = troupe::publish{};
    what.ticket = ticket;
    what.messages = large;
    set.box.self->send(set.orders, queue::enqueue{{what}});
  };
  publish_large(2);
  set.box.self->send(set.orders, queue::settle{9, {acked}});
  publish_large(3);
  set.box.play(); // one round, with entries of both kinds between each other
  auto appended = std::vector<std::size_t>{};
  for (const auto& x : set.store->seen) {
    appended.push_back(x.appends.size());
    CHECK_FALSE(x.sync);
  }
  CHECK(appended == std::vector<std::size_t>{1, 0, 1});
  CHECK(set.box.take<consumer::settled>()->number == 9);
  auto confirmed = std::vector<std::uint64_t>{};
  while (auto x = set.box.take<router::confirmed>())
    confirmed.insert(confirmed.end(), x->tickets.begin(), x->tickets.end());
  CHECK(confirmed == std::vector<std::uint64_t>{2, 3});
}

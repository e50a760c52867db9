#include "actors/directory_actor.hpp"
#include "actors/queue_actor.hpp"
#include "actors/router_actor.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/sandbox.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

/// Store, directory and router around one queue; the test is the publisher and
/// the consumer.
struct stage_set {
  stage_set() {
    options.name = "orders";
    options.id = queue_id{1};
    table->queues["orders"] = {};
    table->outputs["src"] = {{route_target::kind::queue, "orders"}};
    places.store = yes_store::spawn(box, store);
    places.is_full = is_full;
    places.reader = spawn_empty_reader(box);
    places.directory = box.spawn(run_directory);
    places.router =
      box.spawn(run_router, places.directory, table, routes, figures);
    start();
  }

  void start() {
    orders = box.spawn(run_queue, places, queue_start{options, {}, nullptr});
  }

  void publish(
    std::uint64_t ticket,
    const std::vector<std::string>& bodies,
    std::vector<std::uint64_t> sequences) {
    box.tell(
      places.router,
      router::publish_output{
        ticket, "src", "p", std::move(sequences), batch_of(bodies)});
  }

  void subscribe(std::uint32_t credit) {
    auto asked = subscription{};
    asked.credit = credit;
    asked.dead_output = "h.dead";
    box.tell(orders, queue::subscribe{asked});
  }

  void answer_store() {
    for (auto& [to, what] : std::exchange(store->held, {})) {
      box.self->send(to, what);
      box.play();
    }
  }

  std::vector<std::string> bodies() {
    auto all = std::vector<std::string>{};
    while (auto x = box.take<consumer::deliver>())
      for (const auto& run : x->runs)
        for (std::uint32_t i = 0; i < run.count; ++i)
          all.emplace_back(run[i].body());
    return all;
  }

  sandbox box;
  std::shared_ptr<std::atomic<bool>> is_full =
    std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<yes_store> store = std::make_shared<yes_store>();
  std::shared_ptr<route_table> table = std::make_shared<route_table>();
  std::shared_ptr<routes_board> routes = std::make_shared<routes_board>();
  std::shared_ptr<router_figures> figures = std::make_shared<router_figures>();
  queue_options options;
  queue_places places;
  queue_actor orders;
};

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("queue_actor: a publisher hears once its messages are stored") {
  auto set = stage_set{};
  set.store->is_slow = true;
  set.publish(7, {"a", "b"}, {1, 2});
  CHECK_FALSE(set.box.take<queue::published>());
  set.answer_store();
  auto answer = set.box.take<queue::published>();
  REQUIRE(answer);
  CHECK(answer->ticket == 7);
}

TEST_CASE("queue_actor: delivers to a subscriber within its credit") {
  auto set = stage_set{};
  set.publish(1, {"a", "b", "c"}, {1, 2, 3});
  set.subscribe(2);
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("queue_actor: wakes up for a retry by the clock") {
  auto set = stage_set{};
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
  auto set = stage_set{};
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
  auto set = stage_set{};
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
  auto set = stage_set{};
  set.publish(1, {"a"}, {1});
  CHECK(set.store->seen.back().sync);
  set.subscribe(1);
  auto delivered = set.box.take<consumer::deliver>();
  auto what = settlement{};
  what.acked.push_back({delivered->runs[0].at, 1});
  set.box.tell(set.orders, queue::settle{1, {what}});
  CHECK_FALSE(set.store->seen.back().sync);
}

TEST_CASE("router_actor: gives a restarted queue what was not confirmed") {
  auto set = stage_set{};
  set.store->is_slow = true;
  set.publish(1, {"a"}, {1});
  set.store->held.clear(); // the answer is lost with the queue
  caf::anon_send_exit(set.orders, caf::exit_reason::kill);
  set.box.play();
  set.publish(2, {"b"}, {2}); // while it is away
  set.store->is_slow = false;
  set.start();
  set.box.play();
  CHECK(set.box.take<queue::published>()->ticket == 1);
  CHECK(set.box.take<queue::published>()->ticket == 2);
  set.subscribe(10);
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("queue_actor: a consumer that dies gives its loans to the next") {
  auto set = stage_set{};
  set.publish(1, {"a", "b"}, {1, 2});
  auto doomed = set.box.spawn([&](caf::event_based_actor* self) {
    auto asked = subscription{};
    asked.credit = 2;
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
  auto set = stage_set{};
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
  auto set = stage_set{};
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

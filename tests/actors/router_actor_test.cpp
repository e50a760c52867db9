#include "actors/queue_place.hpp"
#include "engine/routing/topology.hpp"
#include "tests/actors/queue_stage.hpp"

using namespace troupe;
using namespace troupe::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;
using tickets = std::vector<std::uint64_t>;

/// A stage whose queue `orders` is bound to the exchange `x` under `k`.
struct exchange_stage : queue_stage {
  exchange_stage() {
    machine.add_vhost("/");
    auto exchange = exchange_declaration{};
    exchange.name = "x";
    exchange.type = "direct";
    machine.declare_exchange("/", exchange).value();
    add_queue("orders", queue_id{1}, {});
  }

  void add_queue(
    const std::string& name, queue_id id, std::shared_ptr<const void> place) {
    auto declared = queue_declaration{};
    declared.name = name;
    auto made = new_queue{};
    made.id = id;
    made.place = std::move(place);
    machine.declare_queue("/", declared, made, 0).value();
    auto added = binding{};
    added.source = "x";
    added.destination = name;
    added.routing_key = "k";
    machine.bind("/", added, 0).value();
    routes->put_up(machine.snapshot());
  }

  /// Publishes to an exchange as queues do with what they let go of.
  void publish_to(
    std::uint64_t ticket,
    const std::string& exchange,
    const std::string& routing_key,
    const strings& all,
    const std::vector<std::uint64_t>& sequences = {}) {
    auto builder = batch_builder{};
    for (const auto& body : all)
      builder.add(message{exchange, routing_key, "", body});
    box.tell(
      places.router,
      router::publish_output{ticket, "amqp:/", "p", sequences, builder.take()});
  }

  tickets published() {
    auto all = tickets{};
    while (auto x = box.take<queue::published>()) all.push_back(x->ticket);
    return all;
  }

  topology machine;
};

} // namespace

TEST_CASE("router_actor: publishes to the exchange that messages name") {
  auto set = exchange_stage{};
  set.publish_to(5, "x", "k", {"a", "b"}, {1, 2});
  CHECK(set.published() == tickets{5});
  set.publish_to(6, "", "orders", {"c"}, {3}); // the default exchange
  set.consume(1, 10);
  CHECK(set.bodies() == strings{"a", "b", "c"});
}

TEST_CASE("router_actor: answers at once for what no queue takes") {
  auto set = exchange_stage{};
  set.store->is_slow = true;
  set.publish_to(1, "x", "other", {"a"});
  set.publish_to(2, "nowhere", "k", {"b"});
  CHECK(set.published() == tickets{1, 2});
  CHECK(set.store->seen.empty());
}

TEST_CASE("router_actor: what leads nowhere waits where not all is known") {
  auto set = exchange_stage{};
  set.table->keeps_unrouted = true; // as without the pipeline
  set.publish(1, {"a"}, {1});
  CHECK(set.published() == tickets{1});
  set.box.tell(
    set.places.router,
    router::publish_output{2, "stage.alerts", "p", {2}, batch_of({"b"})});
  CHECK(set.published().empty());
}

TEST_CASE("router_actor: by an exchange a repeat under the same numbers counts "
          "once") {
  auto set = exchange_stage{};
  set.publish_to(1, "x", "k", {"a"}, {1});
  set.publish_to(2, "x", "k", {"a"}, {1});
  CHECK(set.published() == tickets{1, 2});
  set.consume(1, 10);
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("router_actor: a queue that is not up yet gets its messages later") {
  auto set = exchange_stage{};
  set.add_queue("late", queue_id{2}, {});
  set.publish_to(1, "", "late", {"a"});
  CHECK(set.published().empty());
  auto options = queue_options{};
  options.name = "late";
  options.id = queue_id{2};
  auto late =
    set.box.spawn(run_queue, set.places, queue_start{options, {}, nullptr});
  CHECK(set.published() == tickets{1});
}

TEST_CASE("router_actor: what is meant for a queue that goes is answered") {
  auto set = exchange_stage{};
  set.add_queue("late", queue_id{2}, {});
  set.publish_to(1, "x", "k", {"a"}); // to both; `late` is not up
  CHECK(set.published().empty());
  set.publish_to(2, "", "late", {"b"});
  CHECK(set.published().empty());
  set.box.tell(set.places.router, router::queue_gone{"late"});
  CHECK(set.published() == tickets{1, 2});
  set.box.tell(set.places.router, router::queue_gone{"never there"});
  set.publish_to(3, "x", "other", {"c"});
  CHECK(set.published() == tickets{3});
}

TEST_CASE("router_actor: a restarted queue gets what came by an exchange") {
  auto set = exchange_stage{};
  set.store->is_slow = true;
  set.publish_to(1, "x", "k", {"a"}, {1});
  set.store->held.clear(); // the answer is lost with the queue
  caf::anon_send_exit(set.orders, caf::exit_reason::kill);
  set.box.play();
  set.publish_to(2, "x", "k", {"b"}, {2}); // while it is away
  set.store->is_slow = false;
  set.start();
  set.box.play();
  CHECK(set.published() == tickets{1, 2});
  set.consume(1, 10);
  CHECK(set.bodies() == strings{"a", "b"});
}

TEST_CASE("router_actor: an exchange that leads into the pipeline takes what "
          "queues let go of") {
  auto set = exchange_stage{};
  auto way = queue_place{{}, "src"}; // an output, which leads to `orders`
  set.add_queue(
    "amq-way", queue_id{9}, std::make_shared<const queue_place>(way));
  set.publish_to(1, "", "amq-way", {"a"}, {1});
  CHECK(set.published() == tickets{1});
  set.consume(1, 10);
  CHECK(set.bodies() == strings{"a"});
}

TEST_CASE("router_actor: gives a restarted queue what was not confirmed") {
  auto set = queue_stage{};
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

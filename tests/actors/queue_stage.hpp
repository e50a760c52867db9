#pragma once

#include "actors/directory_actor.hpp"
#include "actors/queue_actor.hpp"
#include "actors/router_actor.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/sandbox.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Store, directory and router around one queue; the test is the publisher and
/// the consumer.
struct queue_stage {
  explicit queue_stage(queue_options given = {}) : options{std::move(given)} {
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

  /// Publishes as a connection does: straight to the queue.
  void enqueue(std::uint64_t ticket, const std::vector<std::string>& bodies) {
    auto what = troupe::publish{};
    what.ticket = ticket;
    what.messages = batch_of(bodies);
    box.tell(orders, queue::enqueue{{what}});
  }

  /// Consumes as a client does, under a number.
  void consume(std::uint64_t number, std::uint32_t credit) {
    auto asked = subscription{};
    asked.credit = credit;
    box.tell(orders, queue::subscribe{asked, number});
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

} // namespace troupe::test

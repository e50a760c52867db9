#pragma once

#include "actors/directory_actor.hpp"
#include "actors/queue_place.hpp"
#include "actors/router_actor.hpp"
#include "actors/topology_actor.hpp"
#include "tests/support/builders.hpp"
#include "tests/support/sandbox.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

/// A topology with all it stands on. The test is the connection that asks, and
/// publisher and consumer of what it declares.
class topology_stage {
public:
  explicit topology_stage(topology_start given = {}) {
    places.store = yes_store::spawn(box, store);
    places.is_full = std::make_shared<std::atomic<bool>>(false);
    places.reader = empty_reader::spawn(box, reader);
    places.directory = box.spawn(run_directory);
    places.router = box.spawn(
      run_router, places.directory, std::make_shared<route_table>(), routes,
      std::make_shared<router_figures>());
    given.machine.add_vhost("/");
    given.memory_budget = 64 * 1024 * 1024;
    given.routes = routes;
    topology = box.spawn(run_topology, places, std::move(given));
  }

  /// Asks as a connection and returns the answer, or nothing yet.
  std::optional<amqp::answer> ask(amqp::request what, std::uint64_t by = 1) {
    box.tell(topology, broker::ask{by, std::move(what)});
    return answer();
  }

  std::optional<amqp::answer> answer() {
    auto found = box.take<edge::answered>();
    if (!found) return std::nullopt;
    return std::move(found->what);
  }

  /// Asks for what must be done, and returns with what.
  amqp::done get_done(amqp::request what, std::uint64_t by = 1) {
    auto answer = ask(std::move(what), by);
    REQUIRE(answer);
    if (auto* no = std::get_if<amqp::refused>(&*answer)) FAIL(no->text);
    return std::get<amqp::done>(*answer);
  }

  /// Asks for what must be refused, and returns how.
  amqp::refused get_refused(amqp::request what, std::uint64_t by = 1) {
    auto answer = ask(std::move(what), by);
    REQUIRE(answer);
    REQUIRE(std::holds_alternative<amqp::refused>(*answer));
    return std::get<amqp::refused>(*answer);
  }

  const routed_queue* find(const std::string& queue) const {
    return routes->look()->find_queue("/", queue);
  }

  /// Returns where the routes say that a queue is; null: nowhere.
  queue_actor where(const std::string& queue) const {
    const auto* found = find(queue);
    const auto* place = found ? place_of(*found) : nullptr;
    return place ? place->where : queue_actor{};
  }

  void publish(const std::string& queue, const std::vector<std::string>& all) {
    auto what = troupe::publish{};
    what.ticket = ++last_ticket;
    what.messages = batch_of(all);
    box.tell(where(queue), queue::enqueue{{what}});
    REQUIRE(box.take<router::confirmed>());
  }

  /// Consumes as a client does, under a number.
  void consume(const std::string& queue, std::uint64_t number) {
    auto asked = subscription{};
    asked.credit = 10;
    box.tell(where(queue), queue::subscribe{asked, number});
    REQUIRE(answer());
  }

  void cancel(const std::string& queue, std::uint64_t number) {
    box.tell(where(queue), queue::cancel{number});
  }

  void crash(const std::string& queue) {
    caf::anon_send_exit(where(queue), caf::exit_reason::kill);
    box.play();
  }

  void answer_store() { answer(store->held); }
  void answer_reader() { answer(reader->held); }

  sandbox box;
  std::shared_ptr<yes_store> store = std::make_shared<yes_store>();
  std::shared_ptr<routes_board> routes = std::make_shared<routes_board>();
  std::shared_ptr<empty_reader> reader = std::make_shared<empty_reader>();
  queue_places places;
  topology_actor topology;
  std::uint64_t last_ticket = 0;

private:
  template <class Answers>
  void answer(Answers& held) {
    for (auto& [to, what] : std::exchange(held, {})) {
      box.self->send(to, what);
      box.play();
    }
  }
};

// -- what is there from the start

/// Declares a durable queue, as the store or the configuration has it.
inline void declare(troupe::topology& machine, const queue_options& options) {
  auto declared = queue_declaration{};
  declared.name = options.name;
  declared.durable = true;
  machine.declare_queue("/", declared, new_queue_of(options), 0).value();
}

// -- what clients ask

/// Asks for a queue, with one flag set where it is given.
inline amqp::declare_queue
a_queue(const std::string& name, bool amqp::declare_queue::*flag = nullptr) {
  auto made = amqp::declare_queue{};
  made.vhost = "/";
  made.name = name;
  if (flag) made.*flag = true;
  return made;
}

inline amqp::declare_queue durable_queue(const std::string& name) {
  return a_queue(name, &amqp::declare_queue::durable);
}

inline amqp::declare_queue exclusive_queue(const std::string& name) {
  return a_queue(name, &amqp::declare_queue::exclusive);
}

/// Asks whether the queue is there.
inline amqp::declare_queue passive(const std::string& name) {
  return a_queue(name, &amqp::declare_queue::passive);
}

inline amqp::declare_queue queue_with(const std::string& name, field argument) {
  auto made = a_queue(name);
  made.arguments.fields.push_back(std::move(argument));
  return made;
}

inline amqp::declare_exchange
an_exchange(const std::string& name, const std::string& type) {
  auto made = amqp::declare_exchange{};
  made.vhost = "/";
  made.name = name;
  made.type = type;
  return made;
}

inline amqp::change_binding bound(
  const std::string& exchange,
  const std::string& queue,
  const std::string& routing_key) {
  auto made = amqp::change_binding{};
  made.vhost = "/";
  made.source = exchange;
  made.destination = queue;
  made.routing_key = routing_key;
  return made;
}

inline amqp::delete_queue without(const std::string& queue) {
  auto made = amqp::delete_queue{};
  made.vhost = "/";
  made.name = queue;
  return made;
}

} // namespace troupe::test

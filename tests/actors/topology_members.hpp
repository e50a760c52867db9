#pragma once

#include "tests/actors/topology_stage.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Carries what topologies send each other, as far as the test lets it.
struct toy_network {
  struct parcel {
    std::uint16_t from = 0;
    std::uint16_t to = 0;
    std::string bytes;
  };

  void carry(std::uint16_t from, const topology_messages::outgoing& msg) {
    for (const auto& [to, who] : members) {
      if (to == from || (msg.to != 0 && msg.to != to)) continue;
      auto is_cut = cut.contains({from, to});
      if (held.contains({from, to}))
        waiting.push_back({from, to, msg.bytes});
      else if (!is_cut)
        bring({from, to, msg.bytes});
    }
  }

  void bring(const parcel& what) {
    ++brought;
    caf::anon_send(
      members.at(what.to), topology_messages::incoming{what.from, what.bytes});
  }

  static caf::behavior run(
    caf::event_based_actor*,
    std::shared_ptr<toy_network> net,
    std::uint16_t member) {
    return {[net, member](const topology_messages::outgoing& msg) {
      net->carry(member, msg);
    }};
  }

  std::map<std::uint16_t, topology_actor> members;
  std::set<std::pair<std::uint16_t, std::uint16_t>> cut;  // from, to
  std::set<std::pair<std::uint16_t, std::uint16_t>> held; // kept in `waiting`
  std::deque<parcel> waiting;
  std::size_t brought = 0;
};

/// Some members with a topology each, joined by a toy network, and a store that
/// stands for the replicated one. The test is every member's connections.
class topology_members {
public:
  explicit topology_members(std::size_t count, topology_start base = {}) {
    store_actor_ = yes_store::spawn(box, store);
    reader_ = spawn_empty_reader(box);
    for (std::size_t i = 0; i < count; ++i) add(base);
  }

  /// Adds a member, which knows of nobody.
  std::uint16_t add(topology_start base = {}) {
    auto number = static_cast<std::uint16_t>(all_.size() + 1);
    auto& made = all_[number];
    made.routes = std::make_shared<routes_board>();
    auto& places = made.places;
    places.store = store_actor_;
    places.is_full = std::make_shared<std::atomic<bool>>(false);
    places.reader = reader_;
    places.directory = box.spawn(run_directory);
    places.router = box.spawn(
      run_router, places.directory, std::make_shared<route_table>(),
      made.routes, std::make_shared<router_figures>());
    base.machine.add_vhost("/");
    base.memory_budget = 64 * 1024 * 1024;
    base.routes = made.routes;
    base.cluster = cluster_of(number);
    made.topology = box.spawn(run_topology, places, std::move(base));
    places.topology = made.topology;
    net->members[number] = made.topology;
    return number;
  }

  /// Makes a member lead in the next epoch, and tells the others.
  void elect(std::uint16_t leader) {
    for (auto& [number, x] : all_)
      if (number != leader) tell(number, topology_messages::follow{leader});
    tell(leader, topology_messages::lead{++epoch});
    box.play();
  }

  template <class Message>
  void tell(std::uint16_t to, Message message) {
    box.tell(all_.at(to).topology, std::move(message));
  }

  // -- as a connection of a member

  static std::uint64_t connection(std::uint16_t member, std::uint64_t n = 1) {
    return std::uint64_t{member} << 48 | n;
  }

  std::optional<amqp::answer>
  ask(std::uint16_t member, amqp::request what, std::uint64_t n = 1) {
    tell(member, broker::ask{connection(member, n), std::move(what)});
    return answer();
  }

  std::optional<amqp::answer> answer() {
    auto found = box.take<edge::answered>();
    if (!found) return std::nullopt;
    return std::move(found->what);
  }

  amqp::done
  get_done(std::uint16_t member, amqp::request what, std::uint64_t n = 1) {
    auto found = ask(member, std::move(what), n);
    REQUIRE(found);
    if (auto* no = std::get_if<amqp::refused>(&*found)) FAIL(no->text);
    return std::get<amqp::done>(*found);
  }

  amqp::reply_code
  refused_with(std::uint16_t member, amqp::request what, std::uint64_t n = 1) {
    auto found = ask(member, std::move(what), n);
    REQUIRE(found);
    REQUIRE(std::holds_alternative<amqp::refused>(*found));
    return std::get<amqp::refused>(*found).code;
  }

  /// Counts the answers that have come.
  std::size_t answers() {
    auto count = std::size_t{0};
    while (answer()) ++count;
    return count;
  }

  // -- what members know

  const routed_queue*
  find(std::uint16_t member, const std::string& queue) const {
    return all_.at(member).routes->look()->find_queue("/", queue);
  }

  queue_actor where(std::uint16_t member, const std::string& queue) const {
    const auto* found = find(member, queue);
    const auto* place = found ? place_of(*found) : nullptr;
    return place ? place->where : queue_actor{};
  }

  /// Returns how many queues a message comes to, by a member's routes.
  std::size_t reached(
    std::uint16_t member,
    const std::string& exchange,
    const std::string& key) const {
    auto routes = all_.at(member).routes->look();
    const auto* from = routes->find_exchange("/", exchange);
    if (!from) return 0;
    auto builder = batch_builder{};
    builder.add(message{exchange, key, "", "x"});
    auto what = builder.take();
    auto found = route_result{};
    from->route(*routes, (*what)[0], found);
    return found.queues.size();
  }

  /// Returns what `queue_gone` and `open_queue` were called for, by name.
  std::vector<std::string>& opened(std::uint16_t member) {
    return all_.at(member).opened;
  }
  std::vector<std::string>& gone(std::uint16_t member) {
    return all_.at(member).gone;
  }

  const queue_places& places(std::uint16_t member) const {
    return all_.at(member).places;
  }

  // -- links and the store

  /// Cuts off what goes between a member and all others, and joins it again.
  void cut(std::uint16_t member) {
    for (const auto& [other, x] : all_)
      for (auto pair : {std::pair{member, other}, {other, member}})
        if (other != member) net->cut.insert(pair);
  }
  void join(std::uint16_t member) {
    std::erase_if(net->cut, [&](const auto& x) {
      return x.first == member || x.second == member;
    });
    for (const auto& [other, x] : all_)
      if (other != member) {
        tell(member, topology_messages::member_up{other});
        tell(other, topology_messages::member_up{member});
      }
  }

  void bring_held() {
    net->held.clear();
    for (const auto& x : std::exchange(net->waiting, {})) net->bring(x);
    box.play();
  }

  void answer_store() {
    for (auto& [to, what] : std::exchange(store->held, {}))
      box.self->send(to, what);
    box.play();
  }

  /// Loses what the store has not answered, as with its group's leader.
  void lose_unstored() {
    store->seen.resize(store->seen.size() - store->held.size());
    store->held.clear();
  }

  sandbox box;
  std::shared_ptr<toy_network> net = std::make_shared<toy_network>();
  std::shared_ptr<yes_store> store = std::make_shared<yes_store>();
  std::uint64_t epoch = 0;

private:
  struct one_member {
    std::shared_ptr<routes_board> routes;
    queue_places places;
    topology_actor topology;
    std::vector<std::string> opened;
    std::vector<std::string> gone;
  };

  topology_cluster cluster_of(std::uint16_t number) {
    auto made = topology_cluster{};
    auto& at = all_[number];
    made.open_queue = [this, &at](const queue_start& start) {
      at.opened.push_back(start.options.name);
      auto gateway = box.system.spawn(run_queue, at.places, start);
      box.keep(gateway);
      return gateway;
    };
    made.queue_gone = [&at](const queue_start& start) {
      at.gone.push_back(start.options.name);
    };
    made.stored_topology = [this] { return stored(); };
    made.peers = box.spawn(toy_network::run, net, number);
    return made;
  }

  /// Returns what commits that were answered have left.
  std::vector<topology_record> stored() const {
    auto kept = std::map<std::pair<std::string, std::string>, std::string>{};
    auto count = store->seen.size() - store->held.size();
    for (std::size_t i = 0; i < count; ++i)
      for (const auto& x : store->seen[i].changes)
        if (x.change.value)
          kept[{x.change.scope, x.change.name}] = *x.change.value;
        else
          kept.erase({x.change.scope, x.change.name});
    auto all = std::vector<topology_record>{};
    for (const auto& [at, value] : kept)
      all.push_back({at.first, at.second, value});
    return all;
  }

  store_actor store_actor_;
  reader_actor reader_;
  std::map<std::uint16_t, one_member> all_;
};

} // namespace troupe::test

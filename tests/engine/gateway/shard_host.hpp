#pragma once

#include "engine/delivery/positions.hpp"
#include "engine/delivery/queue_machine.hpp"
#include "engine/gateway/shard_messages.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// A shard as a member that leads runs it: a real queue machine, a log that
/// outlives it, and gateways that have sessions with it. Checks what is stored
/// against what was published.
class shard_host {
public:
  using link = std::uint64_t; // a session
  using reply = std::function<void(link, gateway::shard_reply)>;

  shard_host(queue_options options, reply send)
    : options_{std::move(options)}, send_{std::move(send)} {}

  bool is_up() const { return machine_ != nullptr; }

  /// Recovers from what is stored.
  void start() {
    machine_ = std::make_unique<queue_machine>(options_);
    for (auto& [partition, log] : logs_)
      for (auto& [index, entry] : log)
        machine_->restore(partition, index, log_entry{entry});
    machine_->restored();
    act();
  }

  /// Loses all that is not stored.
  void stop() {
    machine_.reset();
    to_store_.clear();
    publishers_.clear();
    consumers_.clear();
    ids_.clear();
  }

  /// A gateway's session is over: its consumers leave.
  void end(link who) {
    if (!is_up()) return;
    auto of = [&](const auto& x) { return x.second.first == who; };
    for (auto& [id, x] : consumers_)
      if (of(std::pair{id, x})) machine_->on_gone(id, {}, now, 0.5);
    std::erase_if(consumers_, of);
    std::erase_if(ids_, [&](const auto& x) { return x.first.first == who; });
    std::erase_if(publishers_, of);
    act();
  }

  void take(link from, gateway::shard_request& what) {
    std::visit([&](auto& x) { on(from, x); }, what);
    act();
  }

  /// The store does the oldest thing it was asked to do.
  bool store_one() {
    if (to_store_.empty()) return false;
    auto what = std::move(to_store_.front());
    to_store_.pop_front();
    auto& log = logs_[what.partition];
    for (auto index : what.erases) log.erase(index);
    note(what.entry);
    log.emplace(++last_index_, std::move(what.entry));
    machine_->on_stored(what.partition, last_index_);
    act();
    return true;
  }

  std::uint64_t length() const { return machine_->figures().length; }

  time_point now{duration{1'000'000}};
  std::map<std::string, position> stored; // body -> place, of all times
  std::map<position, std::string> bodies; // the other way round
  std::map<position, int> settled;        // how often
  std::function<void(const std::string& body)> on_stored;

private:
  void on(link from, gateway::enqueue& what) {
    for (auto& x : what.what) {
      publishers_[++last_ticket_] = {from, x.ticket};
      x.ticket = last_ticket_;
      machine_->on_publish(std::move(x), now);
    }
  }

  void on(link from, gateway::subscribe& what) {
    REQUIRE(what.consumer != 0);
    REQUIRE_FALSE(ids_.contains({from, what.consumer}));
    what.what.id = add(from, what.consumer);
    auto is_taken = machine_->on_subscribe(what.what);
    if (is_taken && what.is_paused) machine_->on_pause(what.what.id, true);
    if (!is_taken) remove(from, what.consumer);
    auto answer = is_taken ? amqp::answer{amqp::done{}}
                           : amqp::answer{amqp::refused{
                             amqp::reply_code::access_refused, "taken"}};
    send_(from, gateway::answered{what.consumer, std::move(answer)});
  }

  void on(link from, gateway::settle& what) {
    for (auto& x : what.what)
      machine_->on_settle(
        id_of(from, what.consumer), 0, std::move(x), now, 0.5);
  }

  void on(link from, gateway::leave& what) {
    auto id = id_of(from, what.consumer);
    REQUIRE(id != consumer_id{}); // gateways tell nobody what they need not
    machine_->on_gone(id, what.crash, now, 0.5);
    remove(from, what.consumer);
  }

  void on(link from, gateway::cancel& what) {
    machine_->on_cancel(id_of(from, what.consumer));
    act(); // the answer goes behind what was lent
    if (what.answers)
      send_(from, gateway::answered{what.consumer, amqp::done{}});
  }

  void on(link from, gateway::grant& what) {
    machine_->on_credit(id_of(from, what.consumer), what.credit);
  }

  void on(link from, gateway::pause& what) {
    machine_->on_pause(id_of(from, what.consumer), what.is_paused);
  }

  void on(link from, gateway::written& what) {
    machine_->on_written(id_of(from, what.consumer), what.bytes);
  }

  void on(link from, gateway::get& what) {
    auto id = id_of(from, what.consumer);
    if (id == consumer_id{}) {
      auto asked = subscription{};
      asked.id = id = add(from, what.consumer);
      asked.is_getter = true;
      machine_->on_subscribe(asked);
    }
    machine_->on_get(id, what.consumer, what.no_ack);
  }

  void on(link from, gateway::purge& what) {
    send_(from, gateway::purged{what.number, 0}); // nothing is to be lost
  }

  void on(link from, gateway::erase& what) {
    send_(
      from, gateway::erased{what.number, gateway::erased::verdict::in_use, 0});
  }

  void on(link from, gateway::describe& what) {
    send_(from, gateway::described{what.number, machine_->figures()});
  }

  void act() {
    machine_->lend();
    auto todo = machine_->take_actions();
    for (auto& x : todo.appends) to_store_.push_back(std::move(x));
    for (auto& x : todo.erases) logs_[x.partition].erase(x.index);
    for (auto& x : todo.confirms) confirm(x);
    for (auto& x : todo.deliveries)
      if (auto to = consumers_.find(x.to); to != consumers_.end())
        send_(
          to->second.first,
          gateway::deliver{to->second.second, std::move(x.runs)});
    for (auto& x : todo.gets)
      if (auto to = consumers_.find(x.to); to != consumers_.end())
        send_(
          to->second.first,
          gateway::answered{
            to->second.second, amqp::got{std::move(x.run), x.remaining}});
    REQUIRE(todo.fetches.empty()); // all is in memory
  }

  void confirm(const troupe::confirm& what) {
    auto found = publishers_.extract(what.ticket);
    if (!found) return; // its session is over
    auto [to, ticket] = found.mapped();
    auto made = gateway::confirmed{{ticket}, {}};
    if (!what.refused.empty()) made.refused[ticket] = what.refused;
    send_(to, std::move(made));
  }

  void note(const log_entry& entry) {
    if (auto* x = std::get_if<publish_entry>(&entry))
      for (std::size_t i = 0; i < x->messages->size(); ++i) {
        auto body = std::string{(*x->messages)[i].body()};
        INFO("stored twice: " << body);
        REQUIRE(stored.emplace(body, x->first + i).second);
        bodies[x->first + i] = body;
        if (on_stored) on_stored(body);
      }
    if (auto* x = std::get_if<settle_entry>(&entry))
      for (const auto& run : x->settled)
        for (std::uint32_t i = 0; i < run.count; ++i) ++settled[run.first + i];
  }

  consumer_id add(link from, std::uint64_t number) {
    auto id = consumer_id{++last_consumer_};
    consumers_[id] = {from, number};
    ids_[{from, number}] = id;
    return id;
  }

  void remove(link from, std::uint64_t number) {
    consumers_.erase(id_of(from, number));
    ids_.erase({from, number});
  }

  consumer_id id_of(link from, std::uint64_t number) const {
    auto found = ids_.find({from, number});
    return found == ids_.end() ? consumer_id{} : found->second;
  }

  using place = std::pair<link, std::uint64_t>; // a session's own number

  queue_options options_;
  reply send_;
  std::unique_ptr<queue_machine> machine_;
  std::deque<log_append> to_store_;
  std::map<std::uint16_t, std::map<log_index, log_entry>> logs_;
  log_index last_index_ = 0;
  std::map<std::uint64_t, place> publishers_; // by ticket
  std::map<consumer_id, place> consumers_;
  std::map<place, consumer_id> ids_;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t last_consumer_ = 0;
};

} // namespace troupe::test

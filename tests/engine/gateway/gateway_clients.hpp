#pragma once

#include "tests/engine/gateway/gateway_links.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::test {

/// Clients of gateways, that publish, consume, get and settle. Checks that each
/// has every confirm and every answer once, and that what is confirmed is
/// stored.
class gateway_clients : public gateway_links {
public:
  gateway_clients(std::uint32_t seed, play_options options)
    : gateway_links{seed, std::move(options)} {
    on_heard = [this](std::size_t gate, gateway::to_client& x) {
      std::visit([&](auto& y) { hear(gate, x.client, y); }, x.what);
    };
  }

protected:
  struct held {
    position at = 0;
    std::string body;
  };

  struct client_consumer {
    std::size_t gate = 0;
    gateway::client_number client = 0;
    std::uint64_t number = 0;
    bool is_getter = false;
    bool is_gone = false;
    int answers_due = 0;
    std::uint64_t unwritten = 0;
    std::deque<held> hand;
  };

  void publish(std::size_t gate) {
    auto client = gateway::client_number(1 + roll(2));
    auto all = std::vector<troupe::publish>{};
    for (auto left = 1 + roll(3); left > 0; --left) {
      auto partition =
        static_cast<std::uint16_t>(roll(options_.queue.partitions));
      auto line = "g" + std::to_string(gate) + "." + std::to_string(client)
                  + "-" + std::to_string(partition);
      auto texts = std::vector<std::string>{};
      for (auto more = 1 + roll(3); more > 0; --more)
        texts.push_back(line + ":" + std::to_string(++last_[line]));
      auto ticket = ++last_ticket_;
      for (const auto& x : texts) all_bodies_.insert(x);
      open_[{gate, client, ticket}] = texts;
      all.push_back(publish_of(ticket, texts, partition));
    }
    gates_[gate].machine->on_enqueue(client, std::move(all));
    act(gate);
  }

  void subscribe(std::size_t gate, std::uint32_t credit) {
    auto what = subscription{};
    what.credit = credit;
    what.window_bytes = roll(2) == 0 ? 0 : 40;
    auto& who = add_consumer(gate, false);
    ++who.answers_due;
    gates_[gate].machine->on_subscribe(
      who.client, who.number, what, roll(8) == 0);
    if (roll(8) == 0) {
      gates_[gate].machine->on_pause(who.client, who.number, false);
      gates_[gate].machine->on_grant(who.client, who.number, 1 + credit);
    }
    gates_[gate].machine->on_pause(who.client, who.number, false);
    act(gate);
  }

  client_consumer& add_consumer(std::size_t gate, bool is_getter) {
    auto made = client_consumer{};
    made.gate = gate;
    made.client = gateway::client_number(1 + roll(2));
    made.number = ++last_number_;
    made.is_getter = is_getter;
    consumers_.push_back(std::move(made));
    auto& who = consumers_.back();
    gates_[gate].consumers[{who.client, who.number}] = consumers_.size() - 1;
    return who;
  }

  void get() {
    auto gate = static_cast<std::size_t>(roll(3));
    if (consumers_.empty() || roll(3) == 0) add_consumer(gate, true);
    auto& who = any(consumers_);
    if (!who.is_getter || who.is_gone) return;
    ++who.answers_due;
    gates_[who.gate].machine->on_get(who.client, who.number, false);
    act(who.gate);
  }

  void settle(client_consumer& who, bool acks_all) {
    if (who.hand.empty() || who.is_gone) return;
    auto parts = std::map<std::uint16_t, settlement>{};
    auto count = acks_all ? who.hand.size() : std::size_t(1 + roll(3));
    for (; count > 0 && !who.hand.empty(); --count) {
      auto first = acks_all || roll(2) == 0;
      auto x = first ? who.hand.front() : who.hand.back();
      if (first)
        who.hand.pop_front();
      else
        who.hand.pop_back();
      auto& part = parts[partition_of(x.at)];
      part.partition = partition_of(x.at);
      auto how = acks_all ? 0 : roll(6);
      auto& list = how < 4    ? part.acked
                   : how == 4 ? part.requeued
                              : part.returned;
      list.push_back({x.at, 1});
      if (how < 4) acked_.insert(x.body);
    }
    auto all = std::vector<settlement>{};
    for (auto& [partition, x] : parts) all.push_back(std::move(x));
    gates_[who.gate].machine->on_settle(who.client, who.number, std::move(all));
    written(who);
    act(who.gate);
  }

  void written(client_consumer& who) {
    auto bytes = std::exchange(who.unwritten, 0);
    gates_[who.gate].machine->on_written(who.client, who.number, bytes);
  }

  void leave(client_consumer& who) {
    if (who.is_gone) return;
    who.is_gone = true;
    who.hand.clear();
    auto& machine = *gates_[who.gate].machine;
    auto crash = failure{0, {time_point{}, "crash", "gone"}, {}, false};
    machine.on_leave(
      who.client, who.number,
      roll(2) == 0 ? std::optional{crash} : std::nullopt);
    act(who.gate);
    REQUIRE(who.answers_due == 0);
  }

  void cancel(client_consumer& who) {
    if (who.is_gone || who.is_getter) return;
    ++who.answers_due;
    gates_[who.gate].machine->on_cancel(who.client, who.number, true);
    act(who.gate);
  }

  using publish_key =
    std::tuple<std::size_t, gateway::client_number, std::uint64_t>;

  std::vector<client_consumer> consumers_;
  std::map<publish_key, std::vector<std::string>> open_;
  std::set<std::string> all_bodies_;
  std::set<std::string> acked_; // by a client that had it

private:
  // -- what they hear

  client_consumer&
  of(std::size_t gate, gateway::client_number client, std::uint64_t number) {
    return consumers_.at(gates_[gate].consumers.at({client, number}));
  }

  void hear(
    std::size_t gate, gateway::client_number client, gateway::confirmed& what) {
    REQUIRE(what.refused.empty());
    for (auto ticket : what.tickets) {
      auto found = open_.extract({gate, client, ticket});
      REQUIRE(found);
      for (const auto& body : found.mapped()) {
        INFO("confirmed and not stored: " << body);
        REQUIRE(is_stored(body));
      }
    }
  }

  void hear(
    std::size_t gate, gateway::client_number client, gateway::deliver& what) {
    auto& who = of(gate, client, what.consumer);
    REQUIRE_FALSE(who.is_gone);
    for (const auto& run : what.runs) {
      who.unwritten += run.bytes();
      take(who, run);
    }
  }

  void take(client_consumer& who, const loaned_run& run) {
    for (std::uint32_t i = 0; i < run.count; ++i) {
      for (const auto& x : who.hand) REQUIRE(x.at != run.at + i);
      who.hand.push_back({run.at + i, std::string{run[i].body()}});
    }
  }

  void hear(
    std::size_t gate, gateway::client_number client, gateway::answered& what) {
    auto& who = of(gate, client, what.consumer);
    REQUIRE(who.answers_due > 0);
    --who.answers_due;
    if (auto* x = std::get_if<amqp::got>(&what.what); x && x->run)
      take(who, *x->run);
    REQUIRE_FALSE(std::holds_alternative<amqp::refused>(what.what));
  }

  void hear(std::size_t, gateway::client_number, gateway::consumer_gone&) {
    FAIL("a consumer of a queue that is there was ended");
  }

  std::uint64_t last_number_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::map<std::string, std::uint64_t> last_; // published, by line
};

} // namespace troupe::test

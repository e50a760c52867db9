#pragma once

#include "engine/gateway/shard_codec.hpp"
#include "tests/engine/gateway/gateway_rig.hpp"
#include "tests/engine/gateway/shard_host.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe::test {

struct play_options {
  std::size_t shards = 1;
  queue_options queue;
};

/// Plays random schedules: clients at several gateways publish, consume and
/// get, over links that lose whatever is under way when a session ends, while
/// shards stop with what is not stored lost and start again. Checks that no
/// message is stored twice or out of its publisher's order, that each client
/// has every confirm and every answer once, and in the end that all is stored,
/// handled and settled once.
class gateway_play {
public:
  gateway_play(std::uint32_t seed, play_options options)
    : random_{seed}, options_{std::move(options)} {
    options_.queue.name = "q";
    options_.queue.id = queue_id{7};
    for (std::size_t i = 0; i < options_.shards; ++i) {
      hosts_.push_back(std::make_unique<shard_host>(
        options_.queue, [this](auto session, auto what) {
          links_.at(session).replies.push_back(encoded(session, what));
        }));
      hosts_.back()->on_stored = [this](const auto& body) { note(body); };
    }
    for (int i = 0; i < 3; ++i) add_gateway();
  }

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step();
    finish();
    check_end();
  }

private:
  /// A session of a gateway with a shard, and what is under way in it.
  struct session_link {
    std::size_t gate = 0;
    std::size_t shard = 0;
    bool is_over = false;
    std::deque<std::string> requests; // as the codec has them
    std::deque<std::string> replies;
  };

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

  struct member {
    std::unique_ptr<gateway::gateway_machine> machine;
    std::map<std::size_t, std::uint64_t> sessions; // by shard, while it is up
    std::map<std::pair<gateway::client_number, std::uint64_t>, std::size_t>
      consumers;
  };

  int roll(int sides) {
    return static_cast<int>(random_() % static_cast<unsigned>(sides));
  }
  template <class List>
  auto& any(List& list) {
    return list[static_cast<std::size_t>(roll(static_cast<int>(list.size())))];
  }

  void add_gateway() {
    auto options = gateway_over(options_.shards, options_.queue.partitions);
    options.publisher = "gate" + std::to_string(gates_.size());
    auto made = member{};
    made.machine = std::make_unique<gateway::gateway_machine>(options);
    gates_.push_back(std::move(made));
  }

  // -- the network

  template <class What>
  std::string encoded(std::uint64_t session, const What& what) {
    if constexpr (std::is_same_v<What, gateway::shard_request>)
      return gateway::encode(
        gateway::shard_frame{"/:q", group_id{0}, session, what, 1});
    else
      return gateway::encode(
        gateway::reply_frame{"/:q", group_id{0}, session, what, 1});
  }

  void connect(std::size_t gate, std::size_t shard) {
    if (!hosts_[shard]->is_up()) return;
    disconnect(gate, shard);
    links_[++last_session_] = {gate, shard, false, {}, {}};
    gates_[gate].sessions[shard] = last_session_;
    gates_[gate].machine->on_up(shard, last_session_);
    act(gate);
  }

  /// Ends a session: requests under way are lost, replies may still come.
  void disconnect(std::size_t gate, std::size_t shard) {
    auto found = gates_[gate].sessions.find(shard);
    if (found == gates_[gate].sessions.end()) return;
    auto& link = links_.at(found->second);
    link.is_over = true;
    link.requests.clear();
    hosts_[shard]->end(found->second);
    gates_[gate].sessions.erase(found);
    if (roll(2) == 0) return; // it hears of it only when the next one begins
    gates_[gate].machine->on_down(shard);
    act(gate);
  }

  void stop(std::size_t shard) {
    hosts_[shard]->stop();
    for (std::size_t i = 0; i < gates_.size(); ++i) disconnect(i, shard);
  }

  bool move_request(session_link& link, std::uint64_t session) {
    if (link.requests.empty() || !hosts_[link.shard]->is_up()) return false;
    auto frame = gateway::decode_shard_frame(link.requests.front());
    link.requests.pop_front();
    hosts_[link.shard]->take(
      session, std::get<gateway::shard_request>(frame.value().what));
    return true;
  }

  bool move_reply(session_link& link, std::uint64_t session) {
    if (link.replies.empty()) return false;
    auto frame = gateway::decode_reply_frame(link.replies.front());
    link.replies.pop_front();
    gates_[link.gate].machine->on_reply(
      link.shard, session,
      std::get<gateway::shard_reply>(std::move(frame.value().what)));
    act(link.gate);
    return true;
  }

  void move_one() {
    auto all = std::vector<std::uint64_t>{};
    for (const auto& [session, link] : links_) all.push_back(session);
    if (all.empty()) return;
    auto session = any(all);
    auto& link = links_.at(session);
    for (auto left = 1 + roll(4); left > 0; --left)
      if (roll(2) == 0 || !move_request(link, session))
        move_reply(link, session);
    if (link.is_over && link.replies.empty()) links_.erase(session);
  }

  // -- clients

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

  // -- what they hear

  void act(std::size_t gate) {
    for (auto& x : gates_[gate].machine->take_actions())
      std::visit([&](auto& y) { carry_out(gate, y); }, x);
  }

  void carry_out(std::size_t gate, gateway::to_shard& x) {
    auto found = gates_[gate].sessions.find(x.shard);
    // The gateway may not have heard that it is over.
    if (found == gates_[gate].sessions.end() || found->second != x.session)
      return;
    links_.at(x.session).requests.push_back(encoded(x.session, x.what));
  }

  void carry_out(std::size_t gate, gateway::to_client& x) {
    std::visit([&](auto& y) { hear(gate, x.client, y); }, x.what);
  }

  void carry_out(std::size_t, gateway::to_request&) {}

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

  // -- what is stored

  bool is_stored(const std::string& body) const {
    return std::ranges::any_of(
      hosts_, [&](const auto& x) { return x->stored.contains(body); });
  }

  /// Each line of a publisher and partition is stored in order, without a gap.
  void note(const std::string& body) {
    auto line = body.substr(0, body.find(':'));
    auto number = std::stoull(body.substr(line.size() + 1));
    INFO("out of order: " << body);
    REQUIRE(number == ++stored_to_[line]);
  }

  // -- the schedule

  void step() {
    auto shard = static_cast<std::size_t>(roll(int(hosts_.size())));
    auto gate = static_cast<std::size_t>(roll(int(gates_.size())));
    switch (roll(16)) {
      case 0:
      case 1: publish(gate); break;
      case 2:
      case 3:
      case 4:
      case 5:
      case 6: move_one(); break;
      case 7:
      case 8:
        if (hosts_[shard]->is_up()) hosts_[shard]->store_one();
        break;
      case 9:
        if (consumers_.size() < 400)
          subscribe(gate, static_cast<std::uint32_t>(roll(5)));
        break;
      case 10:
      case 11:
        if (!consumers_.empty()) settle(any(consumers_), false);
        break;
      case 12:
        if (!consumers_.empty() && roll(3) == 0) leave(any(consumers_));
        break;
      case 13:
        if (!consumers_.empty() && roll(4) == 0) cancel(any(consumers_));
        break;
      case 14: get(); break;
      case 15: disturb(gate, shard); break;
    }
  }

  void disturb(std::size_t gate, std::size_t shard) {
    if (roll(3) == 0 && hosts_[shard]->is_up())
      stop(shard);
    else if (!hosts_[shard]->is_up())
      hosts_[shard]->start();
    else if (roll(2) == 0)
      disconnect(gate, shard);
    else
      connect(gate, shard);
  }

  /// Everything comes up and goes on until nothing moves any more.
  void finish() {
    for (auto& x : hosts_)
      if (!x->is_up()) x->start();
    for (std::size_t i = 0; i < gates_.size(); ++i)
      for (std::size_t j = 0; j < hosts_.size(); ++j)
        if (!gates_[i].sessions.contains(j)) connect(i, j);
    for (auto& who : consumers_) leave(who);
    subscribe(0, 0);
    for (int quiet = 0; quiet < 3;) {
      auto has_moved = false;
      for (auto& [session, link] : links_) {
        while (move_request(link, session)) has_moved = true;
        while (move_reply(link, session)) has_moved = true;
      }
      for (auto& x : hosts_)
        while (x->store_one()) has_moved = true;
      auto& last = consumers_.back();
      has_moved |= !last.hand.empty();
      settle(last, true);
      quiet = has_moved ? 0 : quiet + 1;
    }
  }

  void check_end() {
    REQUIRE(open_.empty());
    for (const auto& who : consumers_) REQUIRE(who.answers_due == 0);
    auto stored = std::size_t{0};
    for (const auto& x : hosts_) {
      REQUIRE(x->length() == 0);
      stored += x->stored.size();
      for (const auto& [at, body] : x->bodies) {
        INFO(body);
        REQUIRE(x->settled[at] == 1);
        REQUIRE(acked_.contains(body));
      }
    }
    REQUIRE(stored == all_bodies_.size());
    for (const auto& x : gates_) REQUIRE(x.machine->unconfirmed() == 0);
  }

  using publish_key =
    std::tuple<std::size_t, gateway::client_number, std::uint64_t>;

  std::minstd_rand random_;
  play_options options_;
  std::vector<std::unique_ptr<shard_host>> hosts_;
  std::vector<member> gates_;
  std::map<std::uint64_t, session_link> links_; // by session
  std::uint64_t last_session_ = 0;
  std::vector<client_consumer> consumers_;
  std::uint64_t last_number_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::map<publish_key, std::vector<std::string>> open_;
  std::map<std::string, std::uint64_t> last_; // published, by line
  std::map<std::string, std::uint64_t> stored_to_;
  std::set<std::string> all_bodies_;
  std::set<std::string> acked_; // by a client that had it
};

} // namespace troupe::test

#pragma once

#include "tests/engine/gateway/gateway_clients.hpp"

#include <catch2/catch.hpp>

#include <cstdint>

namespace troupe::test {

/// Plays random schedules: clients at several gateways publish, consume and
/// get, over links that lose whatever is under way when a session ends, while
/// shards stop with what is not stored lost and start again. Checks that in the
/// end all is stored, handled and settled once.
class gateway_play : public gateway_clients {
public:
  using gateway_clients::gateway_clients;

  void play(int steps) {
    for (int i = 0; i < steps; ++i) step();
    finish();
    check_end();
  }

private:
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
};

} // namespace troupe::test

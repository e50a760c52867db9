#pragma once

#include "actors/cluster/registration.hpp"
#include "engine/ring/slot_map.hpp"
#include "tests/actors/cluster/stepped_coordinator.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// A coordinator, and nodes that want to be members.
struct registry_play {
  memory_world world{};
  time_point now{std::chrono::hours{1}};
  std::vector<std::string> troubles;
  std::function<void()> while_waiting;
  int pauses = 0;
  int most_pauses = 100;
  std::unique_ptr<session> running; // of a member
  std::string prefix = cluster_prefix("test").value();

  stepped_coordinator client(const std::string& name) {
    return {world, now, name};
  }

  registration asked(const std::string& name, unsigned disk) {
    auto made = registration{};
    made.prefix = prefix;
    made.name = name;
    made.own.store = cluster::store_id{1, disk};
    made.own.addr_repl = name + ":1";
    made.meta.groups = groups;
    made.meta.slots = slots;
    made.meta.replicas = 3;
    made.meta.cluster_id = "by " + name;
    made.is_over = [this] { return pauses >= most_pauses; };
    made.on_trouble = [this](const std::string& x) { troubles.push_back(x); };
    made.pause = [this](std::chrono::milliseconds) {
      ++pauses;
      if (while_waiting) while_waiting();
    };
    return made;
  }

  result<registered> enter(const registration& what) {
    auto at = client(what.name);
    return register_member(at, what);
  }

  registered must_enter(const std::string& name, unsigned disk) {
    auto done = enter(asked(name, disk));
    if (!done) FAIL(done.error().detail);
    return *done;
  }

  /// Shows a member as running, as it does itself.
  void show(coordinator& at, const std::string& name, const node_record& as) {
    at.open_session(
      duration{3000}, {[this](auto x) { running = std::move(x.value()); }, {}});
    while (!running) world.tick(now += duration{1});
    auto request = txn_request{};
    request.under = running->id();
    request.puts.push_back({node_key(prefix, name), encode(as)});
    REQUIRE(wait_for_txn(at, std::move(request)).outcome == txn_outcome::done);
  }

  /// Puts a key, as an operator may.
  void put(const std::string& key, const std::string& value) {
    auto request = txn_request{};
    request.puts.push_back({key, value});
    change(std::move(request));
  }

  void change(txn_request request) {
    auto at = client("operator");
    REQUIRE(wait_for_txn(at, std::move(request)).outcome == txn_outcome::done);
  }
};

} // namespace troupe::test

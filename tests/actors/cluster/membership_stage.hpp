#pragma once

#include "actors/cluster/membership_actor.hpp"
#include "tests/actors/cluster/stepped_coordinator.hpp"
#include "tests/actors/cluster/toy_network.hpp"
#include "tests/support/sandbox.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

using namespace std::chrono_literals;
using cluster::member_id;

/// Members at one coordinator, in a time that the test winds on for both. The
/// test is all members' replicas.
class membership_stage {
public:
  explicit membership_stage(std::size_t replicas) : replicas_{replicas} {}

  struct member {
    node_record own;
    std::shared_ptr<cluster_board> board = std::make_shared<cluster_board>();
    std::shared_ptr<toy_network::links> links;
    membership_actor actor;
    std::vector<std::pair<member_id, bool>> seen; // of `on_member`
    std::map<group_id, member_id> leaders;        // of `on_leader`
  };

  /// Registers a member and starts it. It knows feature levels up to `level`.
  member& start(const std::string& name, std::uint32_t level = 1) {
    auto asked = registration{};
    asked.prefix = prefix;
    asked.name = name;
    asked.own.store =
      cluster::store_id{1, static_cast<unsigned char>(name.front())};
    asked.own.protocol_max = level;
    asked.meta.feature_level = level;
    asked.own.addr_repl = "127.0.0.1:" + std::to_string(name.front());
    asked.meta.groups = groups;
    asked.meta.slots = slots;
    asked.meta.replicas = static_cast<std::uint32_t>(replicas_);
    asked.meta.cluster_id = "x";
    asked.is_over = [] { return false; };
    asked.has_ended = [this](const std::string&) { return sees_ends; };
    asked.on_trouble = [](const std::string&) {};
    asked.pause = [this](std::chrono::milliseconds) { run(100ms); };
    auto at = stepped_coordinator{world, now, name};
    auto done = register_member(at, asked);
    REQUIRE(done.has_value());
    auto& x = members[name];
    x.own = done->own;
    x.links = net.open(x.own.id);
    spawn(name, x);
    return x;
  }

  void kill(const std::string& name) {
    caf::anon_send_exit(members.at(name).actor, caf::exit_reason::kill);
    members.at(name).actor = membership_actor{};
    box.play();
  }

  void run(std::chrono::milliseconds time) {
    for (auto i = 0ms; i < time; i += 10ms) {
      for (int j = 0; j < 10; ++j) world.tick(now += duration{1});
      box.wait(10ms);
      while (net.deliver()) box.play();
    }
  }

  cluster_view view(const std::string& of) const {
    return members.at(of).board->look();
  }

  std::size_t records() const {
    return world.range(groups_prefix(prefix)).values.size();
  }

  /// Changes the coordinator as somebody else.
  void change(txn_request what) {
    auto at = stepped_coordinator{world, now, "somebody"};
    REQUIRE(wait_for_txn(at, std::move(what)).outcome == txn_outcome::done);
  }

  sandbox box;
  memory_world world;
  time_point now{1h};
  toy_network net;
  std::string prefix = cluster_prefix("test").value();
  std::map<std::string, member> members;
  /// Runs are known to have ended though their sessions have not, as after a
  /// kill -9.
  bool sees_ends = false;

private:
  void spawn(const std::string& name, member& x) {
    auto places = membership_places{};
    places.coordinator = world.client(name);
    if (sees_ends) lingering_.push_back(places.coordinator);
    places.links = x.links;
    places.board = x.board;
    places.replicas = caf::actor_cast<replicas_actor>(caf::actor{box.self});
    places.on_member = [&x](member_id id, bool is_running) {
      x.seen.emplace_back(id, is_running);
    };
    places.on_leader = [&x](group_id group, member_id leader) {
      x.leaders[group] = leader;
    };
    auto start = membership_start{};
    start.prefix = prefix;
    start.name = name;
    start.own = x.own;
    start.rules.replicas = replicas_;
    start.rules.min_in_sync = replicas_ / 2 + 1;
    x.actor = box.spawn(run_membership, std::move(places), std::move(start));
  }

  std::size_t replicas_;
  std::vector<std::shared_ptr<coordinator>> lingering_; // and their sessions
};

} // namespace troupe::test

#pragma once

#include "engine/cluster/controller.hpp"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

namespace troupe::test {

using namespace troupe::cluster;
using namespace std::chrono_literals;

inline store_id disk(unsigned member, unsigned times_wiped = 0) {
  return {member, times_wiped + 1};
}

inline controlled_member member_of(
  unsigned id,
  unsigned times_wiped = 0,
  member_state state = member_state::up) {
  return {
    {static_cast<member_id>(id), "node-" + std::to_string(id), state},
    disk(id, times_wiped)};
}

/// Returns a record of epoch 1 with all replicas in sync.
inline group_record kept_by(std::vector<member_id> members) {
  auto record = group_record{};
  record.epoch = 1;
  record.leader = members.front();
  record.replicas = members;
  for (auto x : members)
    record.in_sync.push_back({x, disk(static_cast<unsigned>(x))});
  record.min_in_sync = majority_of(members.size());
  return record;
}

constexpr auto a = member_id{1};
constexpr auto b = member_id{2};
constexpr auto c = member_id{3};
constexpr auto d = member_id{4};

// -- group 0, which many tests are about

constexpr auto group_0 = group_id{0};

/// Lets group 0 be led by 1 and kept by 1, 2 and 3.
inline void put_first(unsigned g, group_record& record) {
  if (g == 0) record = kept_by({a, b, c});
}

template <class Action>
std::vector<Action> of_group_0(const std::vector<Action>& all) {
  auto some = std::vector<Action>{};
  for (const auto& x : all)
    if (x.group == group_0) some.push_back(x);
  return some;
}

/// One controller, and what it wants done.
struct controller_rig {
  explicit controller_rig(const controller_options& options = {})
    : machine{options} {}

  void at(local_span time) { now = local_time{time}; }

  void join(unsigned id, unsigned times_wiped = 0) {
    machine.on_member(member_of(id, times_wiped), now);
  }

  /// Registers members 1 to `count`, tells records, all as the ring wants
  /// them or as `change` makes them, and lets time pass until all is settled.
  template <class Change>
  void start(unsigned count, Change change) {
    for (unsigned i = 1; i <= count; ++i) join(i);
    for (unsigned g = 0; g < groups; ++g) {
      auto record = kept_by(machine.wanted()[g]);
      change(g, record);
      machine.on_record(static_cast<group_id>(g), record, 100, now);
    }
    machine.on_ready(now);
    at(10s);
    done();
  }

  void start(unsigned count) {
    start(count, [](unsigned, group_record&) {});
  }

  std::vector<controller_action> done() {
    auto all = std::vector<controller_action>{};
    machine.take_actions(all);
    return all;
  }

  template <class Action>
  std::vector<Action> all() {
    auto found = std::vector<Action>{};
    for (auto& x : done())
      if (auto y = std::get_if<Action>(&x)) found.push_back(*y);
    return found;
  }

  template <class Action>
  std::vector<Action> tick() {
    machine.on_tick(now);
    return all<Action>();
  }

  void answer(unsigned g, unsigned id, log_mark end, unsigned times_wiped = 0) {
    auto member = static_cast<member_id>(id);
    machine.on_log_answer(
      static_cast<group_id>(g), {member, disk(id, times_wiped), end}, now);
  }

  controller machine;
  local_time now{};
};

} // namespace troupe::test

#pragma once

#include "engine/cluster/replica_machine.hpp"
#include "tests/engine/cluster/members.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe::test {

using namespace troupe::cluster;
using troupe::log_index;
using namespace std::chrono_literals;

/// The disk of a member, by the member's number.
inline store_id disk(member_id member, std::uint64_t which = 0) {
  return {which, static_cast<std::uint64_t>(member)};
}

/// A group of three under member 1.
inline group_record trio(epoch_number epoch = 1, member_id leader = one) {
  auto made = group_record{};
  made.epoch = epoch;
  made.leader = leader;
  made.replicas = {one, two, three};
  for (auto x : made.replicas) made.in_sync.push_back({x, disk(x)});
  return made;
}

/// Members 1's options with the lease and spans as they ship.
inline replica_options options_of(member_id self) {
  auto made = replica_options{};
  made.self = self;
  made.store = disk(self);
  return made;
}

/// A log of entries of these epochs, from index 1.
inline epoch_runs log_of(const std::vector<epoch_number>& epochs) {
  auto made = epoch_runs{};
  for (auto x : epochs) made.append(x, 1);
  return made;
}

/// One machine on a clock the test winds on, with a disk that is as quick or
/// slow as the test says.
class replica_rig {
public:
  explicit replica_rig(
    const replica_options& options, const kept_log& kept = {})
    : machine{options, kept, now} {}

  /// Tells of an event and returns what it brought, a line each.
  template <class Event>
  std::string after(Event event) {
    event(machine);
    machine.take_actions(last);
    auto lines = std::string{};
    for (const auto& x : last) lines += to_string(x) + '\n';
    return lines;
  }

  std::string record(const group_record& what, revision_number revision) {
    return after([&](auto& x) { x.on_record(what, revision, now); });
  }
  std::string persisted(epoch_number epoch) {
    return after([&](auto& x) { x.on_epoch_persisted(epoch, now); });
  }
  std::string synced(log_index up_to, std::uint64_t branch = 0) {
    return after([&](auto& x) { x.on_synced(branch, up_to, now); });
  }
  std::string tick(local_span later = 0ms) {
    now += later;
    return after([&](auto& x) { x.on_tick(now); });
  }
  template <class Message>
  std::string hear(member_id from, const Message& what) {
    return after([&](auto& x) { x.on_message(from, what, now); });
  }

  /// An ack of a follower with the disk of its number.
  std::string acked(member_id from, log_index match) {
    return hear(from, ack{machine.epoch(), match, now, {disk(from)}});
  }

  /// Lets it begin to lead epoch 1 by `what`: its first entry is on its own
  /// disk, and nobody has acked it.
  void begin(const group_record& what) {
    record(what, 1);
    persisted(1);
    synced(1);
  }

  /// Lets it lead epoch 1 of the trio, its first entry confirmed, and the
  /// time it has to wait be over.
  void lead() {
    begin(trio());
    now += 1600ms;
    acked(two, 1);
    acked(three, 1);
    tick();
  }

  /// Adds entries of its own that its disk does not have yet.
  append_answer append_unsynced(std::uint32_t count) {
    auto answer = append_answer{};
    after([&](auto& x) { answer = x.on_append(count, now); });
    return answer;
  }

  /// Adds entries of its own that its disk has at once.
  append_answer append_synced(std::uint32_t count) {
    auto answer = append_unsynced(count);
    synced(machine.log().last());
    return answer;
  }

  /// Returns the actions of one kind that the last event brought.
  template <class Action>
  std::vector<Action> all() const {
    auto found = std::vector<Action>{};
    for (const auto& x : last)
      if (auto* y = std::get_if<Action>(&x)) found.push_back(*y);
    return found;
  }

  local_time now{1h};
  replica_machine machine;
  std::vector<replica_action> last;
};

} // namespace troupe::test

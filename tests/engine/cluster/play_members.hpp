#pragma once

#include "tests/engine/cluster/play_options.hpp"
#include "tests/engine/cluster/play_store.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace troupe::test {

/// One member: the real machine, and a shell without a thread, disk or
/// socket.
struct play_member {
  std::optional<replica_machine> machine; // none: it is down
  play_store store;
  publisher_table publishers; // a leader's
  bool is_paused = false;
  double rate = 1; // of its clock
  local_span offset{};
  // its life
  log_index told = 0;          // committed entries told to the truth
  std::uint64_t lives = 0;     // counts starts
  epoch_number epoch = 0;      // persisted, of this disk
  local_time handling_until{}; // on the true clock
  bool is_handling = false;
  bool opened_window = false; // since it was last asked
  struct view {
    log_mark at;
    std::shared_ptr<const publisher_table> table;
  };
  std::array<std::optional<view>, 8> views; // checkpoints being sent
  std::vector<replica_action> todo;
};

/// Members that start, crash and lose their disks, each with a clock of its
/// own; and the chance by which all of it happens.
class play_members {
public:
  play_members(const play_options& options, std::uint64_t seed)
    : options_{options}, members_(options.members), random_{seed} {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      auto& x = members_[i];
      x.store.id = {0, ++disks_};
      x.rate = 1 + (real() * 2 - 1) * options.machine.lease.drift * 0.9;
      x.offset = local_span{static_cast<std::int64_t>(i) * 1'000'000'000};
    }
    for (std::size_t i = 0; i < members_.size(); ++i) start(i);
  }

  static member_id id(std::size_t i) {
    return member_id{static_cast<std::uint16_t>(i + 1)};
  }
  static std::size_t place(member_id member) {
    return static_cast<std::size_t>(member) - 1;
  }

  // -- chance

  std::uint64_t pick(std::uint64_t below) { return random_() % below; }
  double real() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  bool chance(double of) { return real() < of; }

  // -- time

  local_time now{};
  local_time local(std::size_t i) const {
    auto ran = static_cast<double>(now.time_since_epoch().count());
    auto span = static_cast<std::int64_t>(ran * members_[i].rate);
    return local_time{local_span{span} + members_[i].offset};
  }

  // -- members

  std::size_t size() const { return members_.size(); }
  play_member& at(std::size_t i) { return members_[i]; }
  bool runs(std::size_t i) const {
    return members_[i].machine && !members_[i].is_paused;
  }
  bool leads(std::size_t i) const {
    return members_[i].machine && is_leader(members_[i].machine->role());
  }
  replica_machine& machine(std::size_t i) { return *members_[i].machine; }

  void start(std::size_t i) {
    auto& x = members_[i];
    auto own = options_.machine;
    own.self = id(i);
    own.store = x.store.id;
    auto kept = kept_log{};
    kept.epoch = x.store.kept().epoch;
    kept.runs = x.store.kept().runs();
    kept.was_stopped_cleanly = x.lives == 0;
    kept.partial = x.store.kept().partial;
    x.machine.emplace(own, kept, local(i));
    x.told = x.store.kept().base.index;
    x.is_handling = false;
    x.is_paused = false;
    x.views = {};
    ++x.lives;
  }

  void crash(std::size_t i) {
    auto& x = members_[i];
    x.machine.reset();
    x.is_handling = false;
    x.store.crash(pick(x.store.pending() + 1));
  }

  /// Empties the disk of a member that is down.
  void lose_disk(std::size_t i) {
    members_[i].store.lose({0, ++disks_});
    members_[i].epoch = 0;
    members_[i].lives = 0;
  }

  const play_options& options() const { return options_; }

protected:
  play_options options_;
  std::vector<play_member> members_;

private:
  std::mt19937_64 random_;
  std::uint64_t disks_ = 0;
};

} // namespace troupe::test

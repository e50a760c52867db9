#pragma once

#include "tests/engine/cluster/schedule_traffic.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

namespace troupe::test {

/// What goes wrong in a cluster, and what its controller and its operators
/// change. Each call is one such thing.
class schedule_troubles : public schedule_traffic {
public:
  /// Lets `lost_disks` of crashes, 0 to 1, empty the disk.
  schedule_troubles(
    const play_options& options, std::uint64_t seed, double lost_disks)
    : schedule_traffic{options, seed}, lost_disks_{lost_disks} {
    faulty_ = play_.chance(0.8) ? play_.real() : 0;
    wanted_ = play_.options().replicas;
  }

protected:
  /// Suspects the leader, rightly or not.
  void suspect() {
    if (!play_.chance(std::max(0.05, faulty_))) return;
    auto present = play_.present();
    auto old = play_.coordinator.record.leader;
    if (play_.chance(0.7))
      std::erase_if(present, [&](const auto& x) { return x.member == old; });
    auto answers =
      play_.chance(0.5) ? play_.answers() : decltype(play_.answers()){};
    if (play_.chance(0.5) && !present.empty())
      std::swap(present[play_.pick(present.size())], present.back());
    if (play_.chance(0.3) && present.size() > 1) present.pop_back();
    auto chosen = choose_leader(play_.coordinator.record, present, answers);
    if (play_.options().faults.elects_anyone && !present.empty())
      chosen = present[play_.pick(present.size())].member;
    if (chosen || play_.chance(0.2)) play_.elect(chosen, play_.chance(0.5));
  }

  void crash() {
    auto i = anyone();
    if (!play_.chance(faulty_) || !play_.at(i).machine) return;
    play_.crash(i);
    if (play_.chance(lost_disks_) && may_lose(i)) play_.lose_disk(i);
  }

  /// Whether the disks in sync bear the loss of another one.
  bool may_lose(std::size_t i) {
    auto& record = play_.coordinator.record;
    std::size_t lost = 0;
    for (const auto& x : record.in_sync) {
      auto place = cluster_play::place(x.member);
      if (play_.at(place).store.id != x.store && !is_late(place)) ++lost;
    }
    // A leader may count, for a while yet, on a disk that is gone.
    for (std::size_t n = 0; n < play_.size(); ++n) lost += is_late(n);
    auto is_borne = lost + 1 < play_.least();
    if (is_borne) lost_at_[i] = play_.now;
    return is_borne;
  }
  bool is_late(std::size_t i) const {
    return lost_at_[i] && play_.now - *lost_at_[i] < 150ms;
  }

  void restart() {
    auto i = anyone();
    if (!play_.at(i).machine) play_.start(i);
  }

  void cut() {
    if (!play_.chance(faulty_)) return;
    auto i = anyone();
    auto j = anyone();
    if (i != j) play_.cut[i][j] = true;
    if (play_.chance(0.3))
      for (std::size_t k = 0; k < play_.size(); ++k)
        if (k != i) play_.cut[i][k] = play_.cut[k][i] = true;
    if (play_.chance(0.2)) play_.cut[i][coordinator_place] = true;
    if (play_.chance(0.2)) play_.cut[coordinator_place][i] = true;
  }
  void heal_cuts() { play_.cut = {}; }

  void pause() {
    auto& x = play_.at(anyone());
    if (x.machine) x.is_paused = play_.chance(faulty_) && !x.is_paused;
  }

  void move() {
    auto from = someone_leading();
    auto to = cluster_play::id(anyone());
    if (!play_.runs(from)) return;
    auto how = play_.chance(0.8) ? move_kind::patient : move_kind::forced;
    auto resigns = play_.chance(0.1);
    play_.tell(from, [&](auto& x, auto t) {
      if (!is_leader(x.role())) return;
      if (resigns) return x.on_resign(t);
      x.on_move(to, how, t);
    });
  }
  void drain() {
    for (std::size_t i = 0; i < play_.size(); ++i) play_.drain(i);
  }

  void trim() {
    auto i = someone_leading();
    if (!play_.runs(i)) return;
    auto last = play_.machine(i).log().last();
    auto up_to = last - std::min<log_index>(last, play_.pick(8));
    play_.tell(i, [&](auto& x, auto t) { x.on_trimmable(up_to, t); });
  }

  void disk() {
    auto i = anyone();
    auto has_space = !play_.chance(faulty_ * 0.5);
    if (play_.runs(i))
      play_.tell(i, [&](auto& x, auto t) { x.on_space(has_space, t); });
  }

  /// Takes a replica on, or out.
  void replicas() {
    auto& c = play_.coordinator;
    auto next = c.record;
    auto who = cluster_play::id(anyone());
    auto place = std::ranges::find(next.replicas, who);
    if (!next.has(who)) {
      next.adding.push_back(who);
    } else if (place != next.replicas.end()) {
      if (staying() <= wanted_ || next.leader == who) return;
      if (play_.least() > majority_of(wanted_)) return; // that goes first
      if (!next.is_removing(who)) next.removing.push_back(who);
    }
    c.swap(next, c.revision);
  }

  std::size_t staying() {
    const auto& record = play_.coordinator.record;
    auto stays = [&](member_id x) { return !record.is_removing(x); };
    return static_cast<std::size_t>(
      std::ranges::count_if(record.replicas, stays));
  }

  void want() { wanted_ = 1 + play_.pick(play_.size()); }

  /// Does what a controller does: lowers the number at once, and raises it
  /// where the replicas are there and so many are in sync.
  void least() {
    auto& c = play_.coordinator;
    auto goal = majority_of(wanted_);
    auto raises = goal > c.record.min_in_sync;
    auto is_ready = staying() >= wanted_ && c.record.in_sync.size() >= goal;
    if (raises && !is_ready) return;
    auto next = c.record;
    next.min_in_sync = goal;
    c.swap(next, c.revision);
  }

private:
  double lost_disks_;
  double faulty_ = 0;      // how bad this one is, 0 to 1
  std::size_t wanted_ = 0; // replicas
  std::array<std::optional<local_time>, 8> lost_at_;
};

} // namespace troupe::test

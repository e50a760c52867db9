#pragma once

#include "tests/engine/cluster/cluster_play.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <variant>

namespace troupe::test {

/// What goes on in a cluster at any time: messages arrive, publishers publish,
/// clocks tick and disks write. Each call is one step of one of them.
class schedule_traffic {
  struct publisher {
    std::uint64_t epoch = 1;
    std::uint64_t first = 1; // not confirmed; below it all are
    std::uint64_t next = 1;
  };

public:
  schedule_traffic(const play_options& options, std::uint64_t seed)
    : play_{options, seed} {
    play_.on_confirm = [this](std::size_t, log_index, const play_entry& x) {
      if (x.value > 0 && play_.chance(0.8)) confirm(x);
      ++commits_;
    };
  }
  schedule_traffic(const schedule_traffic&) = delete; // the play calls it
  schedule_traffic& operator=(const schedule_traffic&) = delete;

  cluster_play& play() { return play_; }

protected:
  std::size_t anyone() { return play_.pick(play_.size()); }

  /// Somebody who leads or believes so; else anyone.
  std::size_t someone_leading() {
    auto i = anyone();
    for (std::size_t n = 0; n < play_.size(); ++n, i = (i + 1) % play_.size())
      if (play_.runs(i) && play_.leads(i)) return i;
    return i;
  }

  void deliver() {
    auto& all = play_.network;
    if (all.empty()) return;
    auto n = play_.pick(all.size());
    if (play_.chance(0.75)) n = std::min(n, play_.pick(all.size()));
    if (all.size() > 150) return drop(n);
    auto is_swap = std::holds_alternative<swap_post>(all[n].what);
    if (is_swap && play_.chance(0.1)) { // late, after its asker gave up
      auto number = std::get<swap_post>(all[n].what).what.number;
      return play_.lose_swap(all[n].from, number);
    }
    auto is_single = all[n].to == coordinator_place
                     || all[n].from == coordinator_place
                     || all[n].from == all[n].to;
    if (!is_single && play_.chance(0.05)) return play_.arrive(all[n]);
    play_.deliver(n);
  }

  /// Loses a message between members; the coordinator's ends are told.
  void drop(std::size_t n) {
    auto& post = play_.network[n];
    if (
      post.to == coordinator_place || post.from == coordinator_place
      || post.to == post.from)
      return play_.deliver(n);
    post = std::move(play_.network.back());
    play_.network.pop_back();
  }

  void publish() {
    auto who = static_cast<std::uint16_t>(play_.pick(publishers_.size()));
    auto& x = publishers_[who];
    auto i = someone_leading();
    // From the first that is not confirmed, or a new one; the first of all
    // alone.
    auto sequence = x.next;
    if (x.first < x.next && (play_.chance(0.4) || x.first == 1))
      sequence = x.first + play_.pick(x.next - x.first);
    if (x.first < x.next && x.first == 1) sequence = 1;
    if (!play_.runs(i) || !play_.leads(i)) return;
    auto mark = publisher_mark{x.epoch, sequence};
    auto got = play_.publish(i, who, mark);
    if (got.how.what == numbering::forgotten) x = {x.epoch + 1, 1, 1};
    if (got.how.what == numbering::repeat)
      if (got.index <= play_.machine(i).committed()) confirm(x, mark);
    if (got.how.what == numbering::next && got.index > 0)
      x.next = std::max(x.next, sequence + 1);
  }

  void confirm(const play_entry& entry) {
    confirm(publishers_[entry.publisher], entry.mark);
  }
  static void confirm(publisher& x, publisher_mark mark) {
    if (mark.epoch == x.epoch && mark.sequence >= x.first) {
      x.first = mark.sequence + 1; // all before it are in the log as well
      x.next = std::max(x.next, x.first);
    }
  }

  void tick() {
    auto i = anyone();
    if (play_.runs(i) && play_.chance(0.05)) play_.presume_gone(i, anyone());
    if (play_.runs(i)) play_.tick(i);
  }
  void sync() {
    auto i = anyone();
    for (auto n = 1 + play_.pick(6); n > 0 && play_.runs(i); --n)
      play_.sync_one(i);
  }
  void handler() { play_.start_handler(anyone(), play_.real()); }
  void read() {
    auto i = anyone();
    if (!play_.runs(i) || play_.cut[coordinator_place][i]) return;
    auto& c = play_.coordinator;
    play_.network.push_back(
      {coordinator_place, i, read_answer{c.record, c.revision}});
  }

  /// Expires whoever has nothing under way.
  void expire() {
    auto i = someone_leading();
    if (!play_.runs(i) || !play_.leads(i)) return;
    auto below = play_.at(i).publishers.expiry(0);
    for (const auto& x : publishers_)
      if (x.first < x.next) below = 0;
    if (below == 0) return;
    auto entry = play_entry{};
    entry.expires_below = below;
    play_.add(i, entry);
  }

  cluster_play play_;
  std::uint64_t commits_ = 0;

private:
  std::array<publisher, 2> publishers_;
};

} // namespace troupe::test

#include "tests/engine/cluster/controller_rig.hpp"
#include "tests/support/slow_build.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Records as a coordinator has them, five members whose leaders do what
/// leaders do to records, and two controllers that learn of it late, lose
/// swaps and get in each other's way.
class controller_play {
public:
  explicit controller_play(unsigned seed) : chance_{seed} {
    auto options = controller_options{};
    options.replace_after = 5s;
    options.settle_for = 2s;
    options.moves_at_once = 4;
    options.move_timeout = 2s;
    for (auto& x : controllers_) x.machine.emplace(options);
    for (unsigned id = 1; id <= 5; ++id) members_[id].is_up = true;
    for (auto& x : controllers_) {
      for (unsigned id = 1; id <= 5; ++id)
        x.machine->on_member(member_of(id), now_);
      x.machine->on_ready(now_);
    }
  }

  void run(local_span span, bool is_troubled) {
    is_troubled_ = is_troubled;
    for (auto end = now_ + span; now_ < end; now_ += 100ms) {
      if (is_troubled_ && one_in(12)) trouble();
      lead();
      for (auto& x : controllers_) control(x);
    }
  }

  /// Both controllers hear of it, some time.
  void want(std::size_t replicas) {
    wanted_ = replicas;
    tell_all([=, this](controller& x) { x.on_replicas(replicas, now_); });
  }

  void heal() {
    is_troubled_ = false;
    for (unsigned id = 1; id <= 5; ++id)
      if (!members_[id].is_up) turn(id, true);
  }

  const std::string& fault() const { return fault_; }
  unsigned elections() const { return elections_; }

  /// Says what is not as it should be in the end.
  std::string rest() const {
    auto all = std::vector<ring_member>{};
    for (unsigned id = 1; id <= 5; ++id) all.push_back(member_of(id).member);
    const auto wanted = plan_ring(all, wanted_);
    for (unsigned g = 0; g < groups; ++g) {
      const auto& x = truth_[g].record;
      const auto is_whole = x.in_sync.size() == wanted_ && x.adding.empty()
                            && x.removing.empty() && x.replicas == wanted[g]
                            && x.min_in_sync == majority_of(wanted_);
      if (x.leader != wanted[g].front() || !is_whole)
        return "group " + std::to_string(g) + " is not as the ring wants it";
    }
    return {};
  }

private:
  struct play_member {
    bool is_up = false;
    unsigned times_wiped = 0;
  };

  struct kept {
    group_record record;
    revision_number revision = 0;
  };

  struct late {
    local_time at{};
    std::function<void(controller&)> tell;
  };

  struct play_controller {
    std::optional<controller> machine;
    std::deque<late> inbox;
  };

  bool one_in(unsigned n) { return chance_() % n == 0; }

  local_span delay() {
    return std::chrono::milliseconds{chance_() % (is_troubled_ ? 600 : 150)};
  }

  void tell(play_controller& to, std::function<void(controller&)> what) {
    to.inbox.push_back({now_ + delay(), std::move(what)});
  }

  void tell_all(const std::function<void(controller&)>& what) {
    for (auto& x : controllers_) tell(x, what);
  }

  store_id disk_of(member_id x) {
    auto id = static_cast<unsigned>(x);
    return disk(id, members_[id].times_wiped);
  }

  bool is_up(member_id x) { return members_[static_cast<unsigned>(x)].is_up; }

  // -- what goes wrong

  void trouble() {
    const auto id = 1 + chance_() % 5;
    const auto about = static_cast<member_id>(id);
    switch (chance_() % 4) {
      case 0: return turn(id, !members_[id].is_up);
      case 1: return wipe(id);
      case 2: // wrong suspicions
        return tell_all([about, now = now_](controller& x) {
          for (auto by : {a, b, c}) x.on_unreachable(by, about, now);
        });
      default: // a controller is a new one
        for (auto& x : controllers_)
          for (unsigned g = 0; g < groups; ++g) tell_record(x, g);
    }
  }

  void turn(unsigned id, bool is_up) {
    members_[id].is_up = is_up;
    auto member = member_of(id, members_[id].times_wiped);
    for (auto& x : controllers_) {
      auto now = now_;
      // Sessions are seen in order.
      x.inbox.push_front({now_, [=](controller& y) {
                            if (is_up)
                              y.on_member(member, now);
                            else
                              y.on_member_gone(member.member.id, now);
                          }});
    }
  }

  /// Replaces a disk where all that it has is in sync elsewhere.
  void wipe(unsigned id) {
    const auto member = static_cast<member_id>(id);
    for (const auto& x : truth_) {
      if (!x.record.is_in_sync(member, disk_of(member))) continue;
      auto others = 0;
      for (const auto& y : x.record.in_sync)
        others += y.member != member && y.store == disk_of(y.member);
      if (others == 0) return;
    }
    ++members_[id].times_wiped;
    turn(id, true);
  }

  // -- the coordinator

  void tell_record(play_controller& to, unsigned g) {
    auto x = truth_[g];
    auto group = static_cast<group_id>(g);
    if (x.revision == 0) return;
    tell(to, [=, this](controller& y) {
      y.on_record(group, x.record, x.revision, now_);
    });
  }

  bool swap(unsigned g, revision_number expected, const group_record& next) {
    auto& x = truth_[g];
    if (x.revision != expected) return false;
    check(x.record, next);
    x.record = next;
    x.revision = ++revisions_;
    for (auto& y : controllers_) tell_record(y, g);
    return true;
  }

  /// R5: only those that were in sync, with this very disk, are elected.
  void check(const group_record& old, const group_record& next) {
    auto fail = [&](const char* what) { fault_ = what; };
    if (next.epoch < old.epoch) fail("an epoch falls");
    if (next.in_sync.size() < next.min_in_sync)
      fail("fewer are in sync than the record wants");
    if (next.epoch == old.epoch && next.leader != old.leader)
      fail("an epoch has two leaders");
    if (next.leader != nobody && !next.find_in_sync(next.leader))
      fail("a leader is not in sync");
    if (old.epoch == 0 || next.epoch == old.epoch) return;
    ++elections_;
    if (next.leader != nobody && !old.find_in_sync(next.leader))
      fail("an election is unclean");
    if (next.min_in_sync != old.min_in_sync)
      fail("an election changes how many have to be in sync");
    for (const auto& x : next.in_sync)
      if (!old.is_in_sync(x.member, x.store))
        fail("an election takes somebody in sync");
    for (auto x : old.replicas)
      if (!next.has(x)) fail("an election drops a replica");
  }

  // -- what leaders do

  void lead() {
    for (unsigned g = 0; g < groups; ++g) {
      const auto old = truth_[g];
      const auto leader = old.record.leader;
      if (leader == nobody || !is_up(leader) || one_in(3)) continue;
      if (!old.record.is_in_sync(leader, disk_of(leader))) continue;
      auto next = old.record;
      if (expand(next) || dismiss(next) || shrink(next))
        swap(g, old.revision, next);
    }
  }

  bool expand(group_record& record) {
    auto all = record.replicas;
    all.insert(all.end(), record.adding.begin(), record.adding.end());
    for (auto x : all) {
      if (!is_up(x) || record.is_removing(x)) continue;
      if (record.is_in_sync(x, disk_of(x))) continue;
      std::erase_if(record.in_sync, [&](auto& y) { return y.member == x; });
      record.in_sync.push_back({x, disk_of(x)});
      if (std::erase(record.adding, x) > 0) record.replicas.push_back(x);
      return true;
    }
    return false;
  }

  bool dismiss(group_record& record) {
    for (auto x : record.removing) {
      if (record.find_in_sync(x) || x == record.leader) continue;
      std::erase(record.replicas, x);
      std::erase(record.adding, x);
      std::erase(record.removing, x);
      return true;
    }
    return false;
  }

  bool shrink(group_record& record) {
    if (record.in_sync.size() <= record.min_in_sync) return false;
    for (auto x : record.in_sync) {
      auto is_well = is_up(x.member) && x.store == disk_of(x.member)
                     && !record.is_removing(x.member);
      if (is_well || x.member == record.leader) continue;
      std::erase(record.in_sync, x);
      return true;
    }
    return false;
  }

  void move(const start_move& what) {
    const auto g = static_cast<unsigned>(what.group);
    const auto old = truth_[g];
    auto can = old.record.leader == what.leader && is_up(what.leader)
               && is_up(what.to)
               && old.record.is_in_sync(what.leader, disk_of(what.leader))
               && old.record.is_in_sync(what.to, disk_of(what.to));
    if (!can || (is_troubled_ && one_in(3))) return;
    swap(g, old.revision, next_epoch(old.record, what.to, record_cause::move));
  }

  // -- controllers

  void control(play_controller& x) {
    for (auto i = x.inbox.size(); i > 0; --i) {
      auto next = std::move(x.inbox.front());
      x.inbox.pop_front();
      if (next.at <= now_)
        next.tell(*x.machine);
      else
        x.inbox.push_back(std::move(next));
    }
    x.machine->on_tick(now_);
    auto actions = std::vector<controller_action>{};
    x.machine->take_actions(actions);
    for (const auto& y : actions)
      std::visit([&](const auto& z) { act(x, z); }, y);
  }

  void act(play_controller& x, const ask_logs& what) {
    for (auto member : what.members) {
      if (!is_up(member) || (is_troubled_ && one_in(4))) continue;
      auto end = log_mark{1, chance_() % 100};
      auto answer = log_answer{member, disk_of(member), end};
      tell(x, [=, this](controller& y) {
        y.on_log_answer(what.group, answer, now_);
      });
    }
  }

  void act(play_controller& x, const swap_record& what) {
    if (is_troubled_ && one_in(8)) return; // lost, and nothing is heard of it
    const auto g = static_cast<unsigned>(what.group);
    const auto is_done = swap(g, what.expected, what.record);
    if (is_troubled_ && one_in(8)) return;
    const auto revision = truth_[g].revision;
    if (!is_done) tell_record(x, g);
    tell(x, [=, this](controller& y) {
      if (is_done)
        y.on_swapped(what.group, what.number, revision, now_);
      else
        y.on_swap_failed(what.group, what.number, now_);
    });
  }

  void act(play_controller&, const start_move& what) { move(what); }
  void act(play_controller&, const log_line&) {}

  std::mt19937 chance_;
  local_time now_{};
  bool is_troubled_ = false;
  std::size_t wanted_ = 3; // replicas
  std::map<unsigned, play_member> members_;
  kept truth_[groups];
  revision_number revisions_ = 0;
  play_controller controllers_[2];
  unsigned elections_ = 0;
  std::string fault_;
};

} // namespace

TEST_CASE(
  "controller: two at once end with what the ring wants", "[controller]") {
  auto elections = 0u;
  for (unsigned seed = 1; seed <= (is_slow_build ? 4 : 30); ++seed) {
    auto play = controller_play{seed};
    play.run(3s, false);
    play.run(60s, true);
    play.heal();
    play.run(90s, false);
    INFO("seed " << seed);
    REQUIRE(play.fault() == "");
    REQUIRE(play.rest() == "");
    elections += play.elections();
  }
  CHECK(elections > 1'000);
}

TEST_CASE(
  "controller: replicas change to and fro under whatever happens",
  "[controller]") {
  for (unsigned seed = 1; seed <= (is_slow_build ? 3 : 20); ++seed) {
    auto play = controller_play{seed};
    play.run(3s, false);
    auto last = std::size_t{3};
    for (auto replicas : {5u, 1u, 4u, 2u, 5u, 3u}) {
      if ((seed + replicas) % 3 == 0) continue;
      play.want(last = replicas);
      play.run(20s, true);
    }
    play.heal();
    play.want(last); // whoever missed it reads it again
    play.run(120s, false);
    INFO("seed " << seed << ", " << last << " replicas");
    REQUIRE(play.fault() == "");
    REQUIRE(play.rest() == "");
  }
}

#pragma once

#include "tests/engine/cluster/cluster_play.hpp"

#include <array>
#include <deque>
#include <string>

namespace troupe::test {

/// How often things happen in a random schedule, as weights.
struct schedule_odds {
  double deliver = 50;
  double publish = 7;
  double tick = 18;
  double sync = 16;
  double handler = 3;
  double read = 2;
  double suspect = 1.2;
  double crash = 1.2;
  double restart = 2.5;
  double cut = 1;
  double heal = 0.8;
  double pause = 1;
  double move = 1.5;
  double drain = 1.5;
  double trim = 1;
  double disk = 0.1;   // full, or not any more
  double replicas = 1; // one more, one less
  double wanted = 0.3; // replicas: another number
  double least = 1;    // in sync, as the wanted number has it
  double expire = 0.3;

  double lost_disks = 0.1; // of crashes
};

/// A cluster to which anything happens, in an order drawn by the seed; then
/// all is healed, and it has to go on.
class random_schedule {
public:
  random_schedule(
    std::uint64_t seed,
    const schedule_odds& odds,
    const replica_rules& rules,
    const play_faults& faults)
    : seed_{seed}, odds_{odds}, play_{shape(seed, rules, faults), seed} {
    play_.on_confirm = [this](std::size_t, log_index, const play_entry& x) {
      if (x.value > 0 && play_.chance(0.8)) confirm(x);
      ++commits_;
    };
    faulty_ = play_.chance(0.8) ? play_.real() : 0;
    wanted_ = play_.options().replicas;
  }

  void run(int steps = 2500) {
    for (int n = 0; n < steps && is_fine(); ++n) {
      play_.now += local_span{play_.pick(600)};
      step();
      play_.check();
    }
    if (is_fine()) heal();
  }

  bool is_fine() { return play_.truth.fault().empty(); }

  /// Says what was found, and where; empty if nothing.
  std::string fault() {
    if (is_fine()) return {};
    return "seed " + std::to_string(seed_) + ": " + play_.truth.fault();
  }

  cluster_play& play() { return play_; }

private:
  struct publisher {
    std::uint64_t epoch = 1;
    std::uint64_t first = 1; // not confirmed; below it all are
    std::uint64_t next = 1;
  };

  static play_options
  shape(std::uint64_t seed, const replica_rules& rules, play_faults faults) {
    auto random = std::mt19937_64{seed ^ 0x5eed};
    auto made = play_options{};
    made.machine = quick_options();
    made.machine.rules = rules;
    made.faults = faults;
    auto kind = random() % 10;
    made.members = kind < 5 ? 3 : kind < 8 ? 5 : 4;
    made.replicas = kind < 7 ? made.members : 3;
    auto least = made.replicas / 2 + 1;
    made.machine.min_in_sync = static_cast<std::uint32_t>(least);
    made.machine.silent_after =
      std::chrono::milliseconds{10 + static_cast<int>(random() % 30)};
    return made;
  }

  std::size_t anyone() { return play_.pick(play_.size()); }

  /// Somebody who leads or believes so; else anyone.
  std::size_t someone_leading() {
    auto i = anyone();
    for (std::size_t n = 0; n < play_.size(); ++n, i = (i + 1) % play_.size())
      if (play_.runs(i) && play_.leads(i)) return i;
    return i;
  }

  void step() {
    auto at = play_.real() * total_;
    for (std::size_t n = 0; n < kinds.size(); ++n) {
      auto weight = odds_.*kinds[n].first;
      if (at < weight) return (this->*kinds[n].second)();
      at -= weight;
    }
  }

  // -- what happens

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
    if (play_.chance(odds_.lost_disks) && may_lose(i)) play_.lose_disk(i);
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

  // -- afterwards

  /// Ends all faults and sees that the group goes on by itself.
  void heal() {
    heal_cuts();
    for (std::size_t i = 0; i < play_.size(); ++i) revive(i);
    drop_messages();
    auto before = commits_;
    auto idle = 0;
    for (int round = 0; round < 1500 && is_fine(); ++round) {
      if (!has_leader() && ++idle % 50 == 0) elect_someone();
      play_.pass(1ms);
      drain();
      if (round % 10 == 0) publish_everywhere();
      if (round > 50 && commits_ > before + 3 && is_whole()) return finish();
    }
    if (is_fine()) play_.truth.fail("liveness: " + missing(before));
  }

  void revive(std::size_t i) {
    auto& x = play_.at(i);
    if (!x.machine) play_.start(i);
    x.is_paused = false;
    x.opened_window = false;
    play_.watch(i);
    play_.tell(i, [](auto& y, auto t) { y.on_space(true, t); });
  }

  void drop_messages() {
    auto rest = std::vector<envelope>{};
    for (auto& x : play_.network)
      if (
        x.from == coordinator_place || x.to == coordinator_place
        || x.from == x.to)
        rest.push_back(std::move(x));
    play_.network.swap(rest);
  }

  bool has_leader() {
    for (std::size_t i = 0; i < play_.size(); ++i)
      if (
        play_.runs(i) && play_.leads(i)
        && play_.machine(i).epoch() == play_.coordinator.record.epoch)
        return true;
    return false;
  }

  void elect_someone() {
    auto& record = play_.coordinator.record;
    auto chosen = choose_leader(record, play_.present(), play_.answers());
    if (chosen) play_.elect(chosen, false);
    for (std::size_t i = 0; i < play_.size(); ++i) play_.watch(i);
  }

  void publish_everywhere() {
    for (int n = 0; n < 4; ++n) publish();
  }

  /// All replicas are in sync, and handlers run.
  bool is_whole() {
    auto& record = play_.coordinator.record;
    auto handles = false;
    for (std::size_t i = 0; i < play_.size(); ++i)
      handles = handles || play_.at(i).opened_window;
    auto wanted = record.replicas.size();
    for (auto x : record.removing)
      if (std::ranges::count(record.replicas, x) > 0) --wanted;
    return handles && record.in_sync.size() >= wanted && record.adding.empty();
  }

  std::string missing(std::uint64_t before) {
    if (!has_leader()) return "no leader after all was healed";
    if (commits_ <= before + 3) return "nothing is confirmed";
    return "a replica never comes in sync, or no handler may run";
  }

  void finish() {
    for (std::size_t i = 0; i < play_.size(); ++i)
      if (
        play_.leads(i)
        && play_.machine(i).epoch() == play_.coordinator.record.epoch)
        play_.truth.check_holds(
          play_.at(i).store.shown(), ~epoch_number{0}, "the last leader");
  }

  using kind = std::pair<double schedule_odds::*, void (random_schedule::*)()>;
  static constexpr std::size_t kind_count = 20;
  static const std::array<kind, kind_count> kinds;

  static double sum(const schedule_odds& odds) {
    double total = 0;
    for (const auto& x : kinds) total += odds.*x.first;
    return total;
  }

  std::uint64_t seed_;
  schedule_odds odds_;
  double total_ = sum(odds_);
  double faulty_ = 0;      // how bad this one is, 0 to 1
  std::size_t wanted_ = 0; // replicas
  std::array<publisher, 2> publishers_;
  std::uint64_t commits_ = 0;
  std::array<std::optional<local_time>, 8> lost_at_;
  cluster_play play_;
};

inline const std::array<random_schedule::kind, random_schedule::kind_count>
  random_schedule::kinds{{
    {&schedule_odds::deliver, &random_schedule::deliver},
    {&schedule_odds::publish, &random_schedule::publish},
    {&schedule_odds::tick, &random_schedule::tick},
    {&schedule_odds::sync, &random_schedule::sync},
    {&schedule_odds::handler, &random_schedule::handler},
    {&schedule_odds::read, &random_schedule::read},
    {&schedule_odds::suspect, &random_schedule::suspect},
    {&schedule_odds::crash, &random_schedule::crash},
    {&schedule_odds::restart, &random_schedule::restart},
    {&schedule_odds::cut, &random_schedule::cut},
    {&schedule_odds::heal, &random_schedule::heal_cuts},
    {&schedule_odds::pause, &random_schedule::pause},
    {&schedule_odds::move, &random_schedule::move},
    {&schedule_odds::drain, &random_schedule::drain},
    {&schedule_odds::trim, &random_schedule::trim},
    {&schedule_odds::disk, &random_schedule::disk},
    {&schedule_odds::replicas, &random_schedule::replicas},
    {&schedule_odds::expire, &random_schedule::expire},
    {&schedule_odds::wanted, &random_schedule::want},
    {&schedule_odds::least, &random_schedule::least},
  }};

} // namespace troupe::test

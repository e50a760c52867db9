#pragma once

#include "tests/engine/cluster/schedule_troubles.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <utility>
#include <vector>

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
class random_schedule : public schedule_troubles {
public:
  random_schedule(
    std::uint64_t seed,
    const schedule_odds& odds,
    const replica_rules& rules,
    const play_faults& faults)
    : schedule_troubles{shape(seed, rules, faults), seed, odds.lost_disks},
      seed_{seed},
      odds_{odds} {}

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

private:
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

  void step() {
    auto at = play_.real() * total_;
    for (std::size_t n = 0; n < kinds.size(); ++n) {
      auto weight = odds_.*kinds[n].first;
      if (at < weight) return (this->*kinds[n].second)();
      at -= weight;
    }
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

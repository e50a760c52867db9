#include "tests/engine/cluster/random_schedule.hpp"

#include <catch2/catch.hpp>

using namespace troupe::test;

// What the simulator is worth: for each rule that is broken, by a policy of
// the machine or in the world around it, it has to find what goes wrong.

namespace {

/// Runs schedules until one finds a fault; returns it, or nothing.
std::string
search(const replica_rules& rules, const play_faults& faults, int most) {
  for (int n = 0; n < most; ++n) {
    auto seed = std::uint64_t{1} + static_cast<std::uint64_t>(n);
    auto schedule = random_schedule{seed, {}, rules, faults};
    schedule.run();
    auto fault = schedule.fault();
    if (!fault.empty() && fault.find("liveness") == fault.npos) return fault;
  }
  return {};
}

play_options
three_members(const replica_rules& rules = {}, const play_faults& faults = {}) {
  auto made = play_options{};
  made.machine = quick_options();
  made.machine.rules = rules;
  made.faults = faults;
  return made;
}

/// Cuts a member off from the other members, both ways.
void isolate(cluster_play& play, std::size_t i) {
  for (std::size_t k = 0; k < play.size(); ++k)
    if (k != i) play.cut[i][k] = play.cut[k][i] = true;
}

/// Publishes what the publisher counts as `sequence`.
void publish(cluster_play& play, std::size_t i, std::uint64_t sequence) {
  play.publish(i, 0, {1, sequence});
  play.settle();
}

// -- schedules made for one rule each; each returns what was found

/// R2: a shrink is asked for and never happens; who was to go is elected.
std::string lost_shrink(const replica_rules& rules) {
  auto play = cluster_play{three_members(rules), 1};
  play.pass(60ms);
  isolate(play, 2);
  play.cut[0][coordinator_place] = true;
  play.pass(45ms); // member 3 is silent; the swap is lost
  publish(play, 0, 1);
  play.elect(play.id(2), false);
  play.watch(2);
  play.settle();
  return play.truth.fault();
}

/// The leader of an epoch that is over comes back; the new one restarts.
std::string revenant(const replica_rules& rules) {
  auto play = cluster_play{three_members(rules), 1};
  play.pass(60ms);
  isolate(play, 0);
  publish(play, 0, 1); // nobody gets it
  play.elect(play.id(1), true);
  play.watch(1);
  play.settle();
  publish(play, 1, 1); // confirmed by members 2 and 3
  play.crash(1);
  play.start(1);
  play.watch(1);
  play.cut = {};
  play.now += 20ms;
  for (int n = 0; n < 5; ++n) {
    play.tick(0);
    play.settle();
    play.now += 20ms;
  }
  return play.truth.fault();
}

/// Another member is elected while the leader's lease runs on.
std::string
wrong_suspicion(const replica_rules& rules, std::optional<release> late = {}) {
  auto play = cluster_play{three_members(rules), 1};
  play.elect(play.id(0), false);
  play.watch(0); // epoch 2
  play.pass(60ms);
  isolate(play, 0);
  play.elect(play.id(1), true);
  play.watch(1);
  play.settle();
  if (late)
    play.tell(1, [&](auto& x, auto t) { x.on_message(play.id(0), *late, t); });
  play.check();
  return play.truth.fault();
}

/// A leader gives its group away while a handler runs.
std::string hasty_move(
  const replica_rules& rules, const play_faults& faults, move_kind how) {
  auto play = cluster_play{three_members(rules, faults), 1};
  play.pass(60ms);
  play.start_handler(0, 1);
  play.check();
  auto to = play.id(1);
  play.tell(0, [&](auto& x, auto t) { x.on_move(to, how, t); });
  play.drain(0);
  play.settle();
  for (std::size_t i = 0; i < 3; ++i) play.watch(i);
  play.settle();
  play.check();
  return play.truth.fault();
}

/// A replica goes, erases its log and is taken on again; a late ack of the
/// log it had arrives.
std::string late_ack(const replica_rules& rules) {
  auto options = three_members(rules);
  options.members = 4;
  auto play = cluster_play{options, 1};
  auto fourth = play.id(3);
  auto change = [&](auto edit) {
    auto next = play.coordinator.record;
    edit(next);
    play.coordinator.swap(next, play.coordinator.revision);
    for (std::size_t i = 0; i < play.size(); ++i) play.watch(i);
    play.pass(20ms);
  };
  play.pass(60ms);
  publish(play, 0, 1);
  change([&](auto& x) { x.adding.push_back(fourth); });
  auto late = ack{1, play.machine(0).committed(), play.local(0), {}};
  late.state.store = play.at(3).store.id;
  change([&](auto& x) { x.removing.push_back(fourth); });
  for (std::size_t i = 0; i < play.size(); ++i) play.watch(i);
  play.settle(); // it erases its log
  isolate(play, 3);
  change([&](auto& x) { x.adding.push_back(fourth); });
  play.tell(0, [&](auto& x, auto t) { x.on_message(fourth, late, t); });
  play.pass(5ms);
  if (play.coordinator.record.find_in_sync(fourth)) play.elect(fourth, false);
  play.watch(3);
  play.settle();
  return play.truth.fault();
}

} // namespace

// -- rules broken, found by chance

TEST_CASE("cluster: the simulator catches an emptied disk taken for full") {
  auto rules = replica_rules{};
  rules.binds_to_store = false;
  auto faults = play_faults{};
  faults.elects_any_disk = true;
  CHECK_FALSE(search(rules, faults, 500).empty());
}

TEST_CASE("cluster: the simulator catches logs joined without looking") {
  auto rules = replica_rules{};
  rules.checks_previous = false;
  CHECK_FALSE(search(rules, {}, 200).empty());
}

TEST_CASE("cluster: the simulator catches confirms by some of those in sync") {
  auto rules = replica_rules{};
  rules.confirms_by_all = false;
  CHECK_FALSE(search(rules, {}, 500).empty());
}

TEST_CASE("cluster: the simulator catches a leader that was not in sync") {
  auto faults = play_faults{};
  faults.elects_anyone = true;
  CHECK_FALSE(search({}, faults, 200).empty());
}

TEST_CASE("cluster: the simulator catches who comes in sync too early") {
  auto rules = replica_rules{};
  rules.expands_behind_noop = false;
  CHECK_FALSE(search(rules, {}, 20'000).empty());
}

TEST_CASE("cluster: the simulator catches acks before the disk has it") {
  auto faults = play_faults{};
  faults.acks_before_sync = true;
  CHECK_FALSE(search({}, faults, 500).empty());
}

TEST_CASE("cluster: the simulator catches a least number that is not heard") {
  auto rules = replica_rules{};
  rules.heeds_record = false;
  CHECK_FALSE(search(rules, {}, 1000).empty());
}

TEST_CASE("cluster: the simulator catches what is trimmed too early") {
  auto rules = replica_rules{};
  rules.trims_committed = false;
  CHECK_FALSE(search(rules, {}, 100).empty());
}

TEST_CASE("cluster: the simulator catches publishers that are forgotten") {
  auto faults = play_faults{};
  faults.forgets_publishers = true;
  CHECK_FALSE(search({}, faults, 200).empty());
}

// -- rules broken, found by schedules made for them; kept, these find nothing

TEST_CASE("cluster: the simulator catches trust in a shrink not confirmed") {
  auto rules = replica_rules{};
  CHECK(lost_shrink(rules) == "");
  rules.keeps_confirmed_set = false;
  CHECK_FALSE(lost_shrink(rules).empty());
}

TEST_CASE("cluster: the simulator catches acks to a leader of old") {
  auto rules = replica_rules{};
  CHECK(revenant(rules) == "");
  rules.checks_epoch = false;
  CHECK_FALSE(revenant(rules).empty());
}

TEST_CASE("cluster: the simulator catches a leader that waits for no fence") {
  auto rules = replica_rules{};
  CHECK(wrong_suspicion(rules) == "");
  rules.waits_for_fence = false;
  CHECK_FALSE(wrong_suspicion(rules).empty());
}

TEST_CASE("cluster: the simulator catches a release of another epoch") {
  auto rules = replica_rules{};
  CHECK(wrong_suspicion(rules, release{1}) == "");
  rules.checks_release = false;
  CHECK_FALSE(wrong_suspicion(rules, release{1}).empty());
}

TEST_CASE("cluster: the simulator catches a release before handlers end") {
  auto rules = replica_rules{};
  CHECK(hasty_move(rules, {}, move_kind::forced) == "");
  rules.releases_when_drained = false;
  CHECK_FALSE(hasty_move(rules, {}, move_kind::forced).empty());
}

TEST_CASE("cluster: the simulator catches a move that waits for no handler") {
  auto faults = play_faults{};
  CHECK(hasty_move({}, faults, move_kind::patient) == "");
  faults.drains_at_once = true;
  CHECK_FALSE(hasty_move({}, faults, move_kind::patient).empty());
}

TEST_CASE("cluster: the simulator catches acks of a log that is erased") {
  auto rules = replica_rules{};
  CHECK(late_ack(rules) == "");
  rules.checks_ack_age = false;
  CHECK_FALSE(late_ack(rules).empty());
}

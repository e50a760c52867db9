#include "tests/engine/cluster/replica_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe::test;

namespace {

std::string move_to(replica_rig& rig, member_id to, move_kind how) {
  return rig.after([&](auto& x) { x.on_move(to, how, rig.now); });
}
std::string drained(replica_rig& rig) {
  return rig.after([&](auto& x) { x.on_drained(rig.now); });
}

group_record moved() {
  auto made = trio(2, two);
  made.cause = record_cause::move;
  return made;
}

} // namespace

// -- the lease and the fence

TEST_CASE("lease: a leader stops before anyone else may start") {
  auto terms = lease_terms{};
  auto at = local_time{10s};
  CHECK(terms.handle_until(at) == at + 1285ms); // 1500 - 1 % - 200
  CHECK(terms.fenced_until(at) == at + local_span{1'530'151});
  CHECK(terms.heartbeat() == 375ms);
}

TEST_CASE("replica: handlers start until the least promise ends") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  auto sent = rig.now;
  rig.now += 100ms;
  rig.acked(two, 1);
  CHECK(rig.machine.window().until == sent + 1285ms);
  CHECK(rig.machine.window().contains(rig.now));
  rig.acked(three, 1);
  CHECK(rig.machine.window().until == sent + 100ms + 1285ms);
}

TEST_CASE("replica: a restart waits as if it had just acked") {
  auto rig = replica_rig{options_of(one)};
  auto start = rig.now;
  rig.begin(trio());
  rig.acked(two, 1);
  rig.acked(three, 1);
  CHECK(rig.machine.role() == replica_role::accepting);
  CHECK(rig.machine.window().from == start + local_span{1'530'151});
  rig.tick(1530ms);
  CHECK(rig.machine.role() == replica_role::accepting);
  CHECK(rig.tick(1ms).find("became processing") != std::string::npos);
}

TEST_CASE("replica: who acked a leader outwaits its lease") {
  auto rig = replica_rig{options_of(two)};
  rig.record(trio(), 1);
  rig.persisted(1);
  rig.now += 5s;
  auto beat = append{};
  beat.epoch = 1;
  rig.hear(one, beat);
  auto acked_at = rig.now;
  rig.record(trio(2, two), 2);
  rig.persisted(2);
  rig.synced(1);
  rig.acked(one, 1);
  rig.acked(three, 1);
  CHECK(rig.machine.window().from == acked_at + local_span{1'530'151});
}

TEST_CASE("replica: a release of the epoch before lifts the fence") {
  auto of = GENERATE(epoch_number{0}, epoch_number{1}, epoch_number{2});
  auto is_early = GENERATE(true, false);
  auto rig = replica_rig{options_of(two)};
  if (is_early) rig.hear(one, release{of});
  rig.record(trio(2, two), 1);
  rig.persisted(2);
  rig.synced(1);
  rig.acked(one, 1);
  rig.acked(three, 1);
  if (!is_early) rig.hear(one, release{of});
  auto is_lifted = rig.machine.window().contains(rig.now);
  CHECK(is_lifted == (of == 1));
}

// -- moves

TEST_CASE("replica: a move drains, waits for the target and swaps") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  CHECK(
    move_to(rig, two, move_kind::patient) == "became draining in epoch 1\n");
  CHECK_FALSE(rig.machine.window().contains(rig.now));
  CHECK(rig.append_synced(1).why == refusal::none); // publishers do not wait
  CHECK(drained(rig) == "");
  CHECK(rig.append_synced(1).why == refusal::not_ready);
  rig.acked(three, 2);
  CHECK(
    rig.acked(two, 2)
    == "commit up to 2\n"
       "swap 1: epoch 2, leader 2, 3 in sync (move)\n");
  CHECK(
    rig.after([&](auto& x) { x.on_swapped(1, 2, rig.now); })
    == "release to 2: epoch 1\n"
       "move ended: done\n"
       "became follower in epoch 1\n"
       "persist epoch 2\n");
}

TEST_CASE("replica: a move whose swap is unknown is released when it is read") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  move_to(rig, two, move_kind::patient);
  drained(rig);
  rig.after([&](auto& x) { x.on_swap_unknown(1, rig.now); });
  CHECK(rig.machine.role() == replica_role::draining);
  CHECK(rig.record(moved(), 2).find("release to 2: epoch 1\n") == 0);
}

TEST_CASE("replica: a move that drains too long is called off") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  move_to(rig, two, move_kind::patient);
  auto lines = std::string{};
  for (int n = 0; n < 34 && lines.find("move ended") == lines.npos; ++n) {
    rig.acked(two, 1);
    rig.acked(three, 1);
    lines = rig.tick(300ms);
  }
  CHECK(lines.find("move ended: timed out") != std::string::npos);
  CHECK(rig.machine.role() == replica_role::processing);
  rig.acked(two, 1);
  rig.acked(three, 1);
  CHECK(rig.machine.window().contains(rig.now));
}

TEST_CASE("replica: a move needs a leader that handles and a target in sync") {
  auto rig = replica_rig{options_of(one)};
  CHECK(move_to(rig, two, move_kind::patient) == "move ended: refused\n");
  rig.lead();
  CHECK(move_to(rig, four, move_kind::patient) == "move ended: refused\n");
  CHECK(move_to(rig, one, move_kind::patient) == "move ended: refused\n");
  CHECK(rig.machine.role() == replica_role::processing);
}

TEST_CASE("replica: who resigns gives the group to the one with most of it") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(2);
  rig.acked(two, 2);
  rig.acked(three, 3);
  CHECK(
    rig.after([&](auto& x) { x.on_resign(rig.now); })
    == "became draining in epoch 1\n"
       "swap 1: epoch 2, leader 3, 3 in sync (resignation)\n");
  CHECK(rig.append_synced(1).why == refusal::not_ready);
  // Handlers may run: the next leader has to wait.
  CHECK(
    rig.after([&](auto& x) { x.on_swapped(1, 2, rig.now); }).find("release")
    == std::string::npos);
}

TEST_CASE("replica: a leader whose disk is full resigns") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  CHECK(
    rig.after([&](auto& x) { x.on_space(false, rig.now); })
      .find("(resignation)")
    != std::string::npos);
}

TEST_CASE("replica: a full leader gives its group away once there is room") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  auto full = follower_state{disk(two), false, false};
  rig.hear(two, ack{1, 1, rig.now, full});
  full.store = disk(three);
  rig.hear(three, ack{1, 1, rig.now, full});
  rig.after([&](auto& x) { x.on_space(false, rig.now); });
  CHECK(rig.machine.role() == replica_role::processing);
  CHECK(rig.all<compare_and_swap>().empty());
  rig.acked(three, 1);
  rig.tick(50ms); // first the set shrinks, by the other one
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  CHECK(rig.all<compare_and_swap>()[0].record.cause == record_cause::shrink);
  rig.after([&](auto& x) { x.on_swapped(1, 2, rig.now); });
  rig.tick(50ms);
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  auto wanted = rig.all<compare_and_swap>()[0].record;
  CHECK(wanted.leader == three);
  CHECK(wanted.epoch == 2);
}

TEST_CASE("replica: no group is given to a full disk") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  auto full = follower_state{disk(two), false, false};
  rig.hear(two, ack{1, 1, rig.now, full});
  CHECK(move_to(rig, two, move_kind::patient) == "move ended: refused\n");
  CHECK(rig.machine.role() == replica_role::processing);
}

TEST_CASE("replica: messages wait while a disk in sync is full") {
  auto options = options_of(one);
  options.min_in_sync = 3; // it cannot leave
  auto rig = replica_rig{options};
  rig.lead();
  auto tell = [&](bool has_space) {
    auto state = follower_state{disk(three), false, has_space};
    rig.hear(three, ack{1, 1, rig.now, state});
  };
  auto append = [&](append_kind kind) {
    return rig.machine.on_append(1, rig.now, kind).why;
  };
  tell(false);
  CHECK(append(append_kind::adds) == refusal::no_space);
  CHECK(rig.machine.log().last() == 1);
  CHECK(append(append_kind::settles) == refusal::none);
  tell(true);
  CHECK(append(append_kind::adds) == refusal::none);
}

TEST_CASE("replica: what is settled is stored though all disks are full") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  for (auto x : {two, three})
    rig.hear(x, ack{1, 1, rig.now, {disk(x), false, false}});
  rig.machine.on_space(false, rig.now);
  auto taken = append_answer{};
  rig.after(
    [&](auto& x) { taken = x.on_append(1, rig.now, append_kind::settles); });
  CHECK(taken.why == refusal::none);
  CHECK(rig.all<send_append>().size() > 0);
  CHECK(
    rig.machine.on_append(1, rig.now, append_kind::adds).why
    == refusal::no_space);
}

#include "tests/engine/cluster/replica_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe::test;

namespace {

/// Member 2, following member 1 in epoch 1, with entries of these epochs.
replica_rig follower(const std::vector<epoch_number>& epochs = {}) {
  auto kept = kept_log{epochs.empty() ? 0 : epochs.back(), log_of(epochs)};
  auto rig = replica_rig{options_of(two), kept};
  rig.record(trio(std::max<epoch_number>(kept.epoch, 1)), 1);
  rig.persisted(std::max<epoch_number>(kept.epoch, 1));
  return rig;
}

/// Entries of the leader of an epoch.
append entries(
  replica_rig& rig,
  log_mark previous,
  std::uint32_t count,
  epoch_number of = 0) {
  auto made = append{};
  made.epoch = rig.machine.epoch();
  made.revision = rig.machine.revision();
  made.previous = previous;
  made.entries_epoch = of > 0 ? of : made.epoch;
  made.count = count;
  made.sent_at = local_time{5s}; // by the leader's clock
  return made;
}

} // namespace

TEST_CASE("replica: an ack waits for the disk and says what was asked") {
  auto rig = follower();
  CHECK(rig.hear(one, entries(rig, {0, 0}, 3)) == "write 1 to 3\n");
  CHECK(rig.synced(3) == "ack to 1: epoch 1, match 3\n");
  REQUIRE(rig.all<send_ack>().size() == 1);
  CHECK(rig.all<send_ack>()[0].what.sent_at == local_time{5s});
  CHECK(rig.all<send_ack>()[0].what.state.store == disk(two));
}

TEST_CASE("replica: a match is what the leader sent, not what is there") {
  auto rig = follower({1, 1, 1, 1});
  CHECK(
    rig.hear(one, entries(rig, {1, 2}, 0)) == "ack to 1: epoch 1, match 2\n");
}

TEST_CASE("replica: a heartbeat is answered while the disk is slow") {
  auto rig = follower();
  rig.hear(one, entries(rig, {0, 0}, 3));
  CHECK(
    rig.hear(one, entries(rig, {1, 3}, 0)) == "ack to 1: epoch 1, match 0\n");
  CHECK(rig.synced(3) == "ack to 1: epoch 1, match 3\n");
}

TEST_CASE("replica: nothing is answered before the epoch is on disk") {
  auto rig = follower({1});
  auto later = entries(rig, {1, 1}, 0);
  later.epoch = 2;
  later.revision = 2;
  CHECK(rig.hear(three, later) == "persist epoch 2\n");
  CHECK(rig.persisted(2) == "ack to 3: epoch 2, match 1\n");
}

TEST_CASE("replica: a leader of an earlier epoch is rejected") {
  auto rig = follower({1, 2});
  auto old = entries(rig, {1, 1}, 1);
  old.epoch = 1;
  CHECK(rig.hear(three, old) == "reject to 3: epoch 2, has 1:1\n");
  CHECK(rig.machine.log().last() == 2);
}

TEST_CASE("replica: an entry that is not there is rejected with the nearest") {
  auto rig = follower({1, 1, 2, 2});
  CHECK(
    rig.hear(one, entries(rig, {2, 9}, 1))
    == "reject to 1: epoch 2, has 2:4\n");
  CHECK(
    rig.hear(one, entries(rig, {1, 3}, 1))
    == "reject to 1: epoch 2, has 1:2\n");
}

TEST_CASE("replica: a conflict is truncated from where it begins") {
  auto rig = follower({1, 1, 2, 2});
  auto lines = rig.hear(one, entries(rig, {1, 2}, 3, 1));
  CHECK(
    lines
    == "truncate from 3\n"
       "write 3 to 5\n");
  CHECK(rig.synced(5, 0) == ""); // told of the branch that was cut off
  CHECK(rig.synced(5, 1) == "ack to 1: epoch 2, match 5\n");
}

TEST_CASE("replica: entries it has are not written again") {
  auto rig = follower({1, 1, 1});
  CHECK(
    rig.hear(one, entries(rig, {1, 1}, 2)) == "ack to 1: epoch 1, match 3\n");
  CHECK(rig.hear(one, entries(rig, {1, 1}, 4)) == "write 4 to 5\n");
}

TEST_CASE("replica: what is committed is never truncated") {
  auto rig = follower({1, 1, 1});
  auto beat = entries(rig, {1, 3}, 0);
  beat.committed = 3;
  CHECK(rig.hear(one, beat).find("commit up to 3") == 0);
  auto bad = entries(rig, {1, 1}, 2);
  bad.epoch = bad.entries_epoch = 2;
  CHECK(
    rig.hear(one, bad).find("abort: entry 2 is committed here")
    != std::string::npos);
  CHECK(rig.machine.log().last() == 3);
}

TEST_CASE("replica: only what matches counts as committed") {
  auto rig = follower({1, 1, 1});
  auto beat = entries(rig, {1, 2}, 0);
  beat.committed = 3;
  rig.hear(one, beat);
  CHECK(rig.machine.committed() == 2);
}

TEST_CASE("replica: a follower trims what its leader did, if committed") {
  auto rig = follower({1, 1, 1});
  auto beat = entries(rig, {1, 3}, 0);
  beat.committed = 2;
  beat.trim_to = 3;
  rig.hear(one, beat);
  CHECK(rig.all<trim>() == std::vector<trim>{{log_mark{1, 2}}});
  CHECK(rig.hear(one, beat).find("trim") == std::string::npos);
}

TEST_CASE("replica: appends that cannot be change nothing") {
  auto rig = follower({1, 2});
  CHECK(rig.hear(one, entries(rig, {2, 2}, 1, 1)) == "");
  CHECK(rig.hear(one, entries(rig, {2, 2}, 1, 3)) == "");
  CHECK(rig.hear(three, entries(rig, {2, 2}, 1)) == ""); // not its leader
  CHECK(rig.machine.log().last() == 2);
}

TEST_CASE("replica: a full disk takes what confirms wait for") {
  auto rig = follower({1});
  rig.after([&](auto& x) { x.on_space(false, rig.now); });
  rig.hear(one, entries(rig, {1, 1}, 5));
  CHECK(rig.machine.log().last() == 6);
}

TEST_CASE("replica: a full disk that is not in sync takes no entries") {
  auto rig = follower({1});
  auto record = trio();
  std::erase(record.in_sync, in_sync_member{two, disk(two)});
  rig.record(record, 2);
  rig.after([&](auto& x) { x.on_space(false, rig.now); });
  CHECK(
    rig.hear(one, entries(rig, {1, 1}, 5)) == "ack to 1: epoch 1, match 1\n");
  CHECK_FALSE(rig.all<send_ack>()[0].what.state.has_space);
}

TEST_CASE("replica: out of the record, it erases its log and is deaf") {
  auto rig = follower({1});
  auto without = trio();
  without.replicas = {one, three};
  std::erase(without.in_sync, in_sync_member{two, disk(two)});
  CHECK(
    rig.record(without, 2)
    == "became offline in epoch 1\n"
       "drop log\n");
  CHECK(rig.hear(one, entries(rig, {1, 1}, 0)) == "");
  CHECK(rig.after([&](auto& x) { x.on_dropped(rig.now); }) == "read record\n");
  CHECK(rig.machine.log().last() == 0);
}

TEST_CASE("replica: a record older than its leader's is no reason to leave") {
  auto rig = follower({1});
  auto beat = entries(rig, {1, 1}, 0);
  beat.revision = 3;
  rig.hear(one, beat);
  auto without = trio();
  without.replicas = {one, three};
  std::erase(without.in_sync, in_sync_member{two, disk(two)});
  CHECK(rig.record(without, 2) == "");
  CHECK(rig.machine.role() == replica_role::follower);
}

TEST_CASE("replica: a checkpoint comes in pieces and replaces the log") {
  auto rig = follower({1});
  auto piece = chunk{1, 1, {1, 40}, 0, local_time{5s}};
  CHECK(rig.hear(one, piece) == "store chunk 0 of 1:40\n");
  CHECK(rig.hear(one, piece) == ""); // it is being stored
  auto stored = [&](std::uint64_t n) {
    return rig.after([&](auto& x) { x.on_chunk_stored({1, 40}, n, rig.now); });
  };
  CHECK(stored(0) == "chunk ack to 1: wants 1 of 1:40\n");
  piece.number = 2; // one was lost
  CHECK(rig.hear(one, piece) == "chunk ack to 1: wants 1 of 1:40\n");
  piece.number = 1;
  piece.is_last = true;
  rig.hear(one, piece);
  CHECK(stored(1) == "install checkpoint 1:40\n");
  CHECK(rig.hear(one, entries(rig, {1, 1}, 1)) == ""); // deaf meanwhile
  CHECK(
    rig.after([&](auto& x) {
      x.on_installed({1, 40}, rig.now);
    })
    == "commit up to 40\n"
       "ack to 1: epoch 1, match 40\n");
  CHECK(rig.hear(one, entries(rig, {1, 40}, 1)) == "write 41 to 41\n");
}

TEST_CASE("replica: a checkpoint goes on after a restart") {
  auto kept = kept_log{1, {}, false, follower_progress::checkpoint{{1, 40}, 2}};
  auto rig = replica_rig{options_of(two), kept};
  rig.record(trio(), 1);
  CHECK(
    rig.hear(one, chunk{1, 1, {1, 40}, 0, local_time{5s}})
    == "chunk ack to 1: wants 1 of 1:40\n");
}

TEST_CASE("replica: a checkpoint it does not need is turned down") {
  auto rig = follower({1, 1});
  auto beat = entries(rig, {1, 2}, 0);
  beat.committed = 2;
  rig.hear(one, beat);
  CHECK(
    rig.hear(one, chunk{1, 1, {1, 2}, 0, local_time{5s}})
    == "reject to 1: epoch 1, has 1:2\n");
}

TEST_CASE("replica: after an unclean stop it says so until compared") {
  auto kept = kept_log{1, log_of({1}), false};
  auto rig = replica_rig{options_of(two), kept};
  rig.record(trio(), 1);
  rig.hear(one, entries(rig, {1, 1}, 0));
  CHECK(rig.all<send_ack>()[0].what.state.is_unchecked);
  rig.after([&](auto& x) { x.on_compared(1, true, rig.now); });
  rig.hear(one, entries(rig, {1, 1}, 0));
  CHECK_FALSE(rig.all<send_ack>()[0].what.state.is_unchecked);
}

TEST_CASE("replica: a disk with other entries than it acked is replaced") {
  auto kept = kept_log{1, log_of({1}), false};
  auto rig = replica_rig{options_of(two), kept};
  rig.record(trio(), 1);
  rig.hear(one, entries(rig, {1, 1}, 0));
  CHECK(
    rig.after([&](auto& x) { x.on_compared(1, false, rig.now); })
    == "became offline in epoch 1\n"
       "replace store\n");
  CHECK(rig.hear(one, entries(rig, {1, 1}, 0)) == "");
}

TEST_CASE("replica: a checkpoint never replaces entries that were acked") {
  auto rig = follower({1, 1, 1});
  rig.hear(one, entries(rig, {1, 3}, 0)); // acks all three, none committed
  CHECK(
    rig.hear(one, chunk{1, 1, {1, 2}, 0, local_time{5s}})
    == "reject to 1: epoch 1, has 1:2\n");
}

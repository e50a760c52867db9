#include "tests/engine/cluster/replica_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe::test;

TEST_CASE("replica: a leader's first entry waits for its epoch on disk") {
  auto rig = replica_rig{options_of(one)};
  CHECK(
    rig.record(trio(), 1)
    == "persist epoch 1\n"
       "became recovering in epoch 1\n");
  CHECK(
    rig.persisted(1)
    == "append to 2: epoch 1, 0 entries behind 0:0, committed 0\n"
       "append to 3: epoch 1, 0 entries behind 0:0, committed 0\n"
       "append noop 1:1\n");
}

TEST_CASE("replica: nothing is confirmed before all in sync and the own disk") {
  auto rig = replica_rig{options_of(one)};
  rig.record(trio(), 1);
  rig.persisted(1);
  rig.acked(two, 1);
  CHECK(rig.acked(three, 1).find("commit") == std::string::npos);
  CHECK(
    rig.synced(1)
    == "commit up to 1\n"
       "became accepting in epoch 1\n");
  rig.append_synced(3);
  CHECK(rig.acked(two, 4).find("commit") == std::string::npos);
  CHECK(rig.acked(three, 3) == "commit up to 3\n");
  CHECK(rig.acked(three, 4) == "commit up to 4\n");
}

TEST_CASE("replica: entries of old epochs are confirmed with the first own") {
  auto kept = kept_log{1, log_of({1, 1, 1})};
  auto rig = replica_rig{options_of(one), kept};
  rig.record(trio(2), 1);
  rig.persisted(2);
  rig.synced(4);
  rig.acked(two, 3);
  CHECK(rig.acked(three, 3).find("commit up") == std::string::npos);
  rig.acked(two, 4);
  CHECK(rig.acked(three, 4).find("commit up to 4") == 0);
}

TEST_CASE("replica: an in-sync set that is too small confirms nothing") {
  auto rig = replica_rig{options_of(one)};
  auto record = trio();
  record.in_sync.resize(1);
  rig.record(record, 1);
  rig.persisted(1);
  CHECK(rig.synced(1) == "");
  CHECK(rig.machine.committed() == 0);
}

TEST_CASE("replica: a member without copies elsewhere confirms by its disk") {
  auto options = options_of(one);
  options.min_in_sync = 1;
  auto rig = replica_rig{options};
  auto record = trio();
  record.replicas = {one};
  record.in_sync.resize(1);
  rig.record(record, 1);
  rig.persisted(1);
  CHECK(rig.synced(1).find("commit up to 1") == 0);
  rig.tick(1600ms);
  CHECK(rig.machine.role() == replica_role::processing);
  CHECK(rig.machine.window().until == local_time::max());
}

TEST_CASE("replica: an ack from another disk does not count") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(1);
  rig.acked(two, 2);
  rig.hear(three, ack{1, 2, rig.now, {disk(three, 7)}}); // forgets the old one
  rig.hear(three, ack{1, 2, rig.now, {disk(three, 7)}});
  CHECK(rig.machine.committed() == 1);
}

TEST_CASE("replica: acks that cannot be are ignored") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(1);
  rig.acked(two, 2);
  CHECK(rig.acked(three, 3) == "");
  CHECK(rig.hear(four, ack{1, 2, rig.now, {disk(four)}}) == "");
  CHECK(rig.hear(three, ack{2, 2, rig.now, {disk(three)}}) == "");
  auto future = rig.now + 1s;
  CHECK(rig.hear(three, ack{1, 2, future, {disk(three)}}) == "");
  CHECK(rig.machine.committed() == 1);
}

TEST_CASE("replica: entries are refused with a reason, and not stored") {
  auto rig = replica_rig{options_of(one)};
  auto why = [&] { return rig.machine.on_append(1, rig.now).why; };
  CHECK(why() == refusal::not_leader);
  rig.record(trio(), 1);
  CHECK(why() == refusal::not_ready);
  rig.persisted(1);
  CHECK(why() == refusal::not_ready);
  rig.synced(1);
  rig.acked(two, 1);
  rig.acked(three, 1);
  CHECK(rig.machine.log().last() == 1);
  CHECK(why() == refusal::none);
  CHECK(rig.machine.on_append(65536, rig.now).why == refusal::too_many);
  CHECK(rig.machine.log().last() == 2);
}

namespace {

/// Returns a leader of the trio whose last event added `count` entries.
replica_rig sending(std::uint32_t count, const replica_options& options) {
  auto rig = replica_rig{options};
  rig.lead();
  rig.append_unsynced(count);
  return rig;
}

/// Lets an append have four entries, so that a window holds some appends.
replica_options short_appends() {
  auto options = options_of(one);
  options.append_entries = 4;
  return options;
}

} // namespace

TEST_CASE("replica: appends are pipelined up to the window, then wait") {
  auto options = short_appends();
  options.appends_in_flight = 3;
  auto rig = sending(20, options);
  CHECK(rig.all<send_append>().size() == 6); // three to each
  CHECK(rig.all<send_append>()[2].what.previous == log_mark{1, 9});
  CHECK(
    rig.acked(two, 5).find("append to 2: epoch 1, 4 entries behind 1:13") == 0);
}

namespace {

/// Sends what the last event asked for, entries of `size` bytes each, as far
/// as the window goes; returns how many entries went to member 2.
std::uint32_t send_all(replica_rig& rig, std::uint64_t size) {
  auto count = std::uint32_t{0};
  for (const auto& [to, what] : rig.all<send_append>()) {
    if (to != two || what.count == 0 || !rig.machine.is_next(to, what))
      continue;
    auto fit = rig.machine.byte_room(to) / size;
    auto some =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(what.count, fit));
    rig.machine.on_sent(to, what, some, some * size);
    count += some;
  }
  return count;
}

} // namespace

TEST_CASE("replica: what the window in bytes has no room for waits for acks") {
  auto options = short_appends();
  options.window_bytes = 1000;
  auto rig = sending(20, options);
  CHECK(rig.all<send_append>().size() == 10);
  CHECK(send_all(rig, 100) == 10); // of 4, 4 and 4
  CHECK(rig.machine.byte_room(two) == 0);
  rig.append_unsynced(1);
  CHECK(send_all(rig, 100) == 0);
  CHECK(rig.all<send_append>().size() == 1); // to the other one
  rig.acked(two, 4);                         // half an append is none
  CHECK(send_all(rig, 100) == 0);
  rig.acked(two, 5);
  CHECK(rig.machine.byte_room(two) == 400);
  REQUIRE(rig.all<send_append>().size() == 3);
  CHECK(rig.all<send_append>()[0].what.previous == log_mark{1, 11});
  CHECK(send_all(rig, 100) == 4);
  rig.acked(two, 15);
  CHECK(send_all(rig, 100) == 7);
  rig.acked(two, 22);
  CHECK(rig.machine.byte_room(two) == 1000);
}

TEST_CASE("replica: bytes of what is sent again count once") {
  auto options = options_of(one);
  options.window_bytes = 1000;
  auto rig = sending(8, options);
  CHECK(send_all(rig, 100) == 8);
  CHECK(rig.machine.byte_room(two) == 200);
  rig.tick(500ms); // asks what it has
  CHECK(rig.machine.byte_room(two) == 1000);
  rig.acked(two, 1);
  CHECK(send_all(rig, 100) == 8);
  CHECK(rig.machine.byte_room(two) == 200);
}

TEST_CASE("replica: what is not at hand is sent once it is") {
  auto rig = sending(8, options_of(one));
  auto what = rig.all<send_append>().at(0);
  REQUIRE(what.to == two);
  rig.machine.on_sent(two, what.what, 0, 0);
  CHECK(rig.machine.byte_room(two) == options_of(one).window_bytes);
  rig.tick(400ms); // a heartbeat stands behind what has gone
  CHECK(rig.all<send_append>().at(0).what.previous == log_mark{1, 1});
  rig.after([&](auto& x) { x.on_sendable(two, rig.now); });
  REQUIRE(rig.all<send_append>().size() == 1);
  CHECK(rig.all<send_append>()[0].what.previous == log_mark{1, 1});
  CHECK(rig.all<send_append>()[0].what.count == 8);
}

TEST_CASE("replica: one append has entries of one epoch") {
  auto kept = kept_log{2, log_of({1, 1, 2, 2})};
  auto rig = replica_rig{options_of(one), kept};
  rig.record(trio(3), 1);
  rig.persisted(3);
  auto lost = reject{3, {2, 4}, {0, 0}, rig.now, {disk(two)}};
  rig.hear(two, lost);
  rig.acked(two, 0);
  auto sent = rig.all<send_append>();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].what.count == 2);
  CHECK(sent[1].what.entries_epoch == 2);
  CHECK(sent[2].what.entries_epoch == 3);
}

TEST_CASE("replica: a quiet leader is heard every quarter of a lease") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.tick(374ms);
  CHECK(rig.all<send_append>().empty());
  CHECK(
    rig.tick(1ms)
    == "append to 2: epoch 1, 0 entries behind 1:1, committed 1\n"
       "append to 3: epoch 1, 0 entries behind 1:1, committed 1\n");
}

TEST_CASE("replica: what is not acked is asked about, then sent again") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(1);
  rig.acked(three, 2);
  rig.tick(500ms);
  auto sent = rig.all<send_append>();
  REQUIRE(sent.size() >= 1);
  CHECK(sent[0].to == two);
  CHECK(sent[0].what.count == 0);
  CHECK(sent[0].what.previous == log_mark{1, 1});
  CHECK(
    rig.acked(two, 1).find("append to 2: epoch 1, 1 entries behind 1:1") == 0);
}

TEST_CASE("replica: a new connection is asked at once") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(2);
  auto lines = rig.after([&](auto& x) { x.on_connected(two, rig.now); });
  CHECK(lines == "append to 2: epoch 1, 0 entries behind 1:1, committed 1\n");
}

TEST_CASE("replica: logs that differ meet where they agree") {
  auto kept = kept_log{5, log_of({1, 1, 1, 4, 4, 5})};
  auto rig = replica_rig{options_of(one), kept};
  rig.record(trio(6), 1);
  rig.persisted(6);
  // It has 1 1 1 2 2 2 2: not what was asked for, but entries up to epoch 5.
  rig.hear(two, reject{6, {5, 6}, {2, 6}, rig.now, {disk(two)}});
  auto sent = rig.all<send_append>();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].what.previous == log_mark{1, 3});
}

TEST_CASE("replica: a leader that is told of a later epoch steps down") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  CHECK(
    rig.hear(two, reject{2, {1, 1}, {1, 1}, rig.now, {disk(two)}})
    == "became follower in epoch 1\n"
       "read record\n");
  CHECK_FALSE(rig.machine.window().contains(rig.now));
  // The record may say that it leads that epoch.
  CHECK(
    rig.record(trio(2), 2).find("became recovering in epoch 2")
    != std::string::npos);
}

TEST_CASE("replica: an epoch is never led twice by a member that forgot") {
  auto kept = kept_log{1, log_of({1})};
  auto rig = replica_rig{options_of(one), kept};
  CHECK(
    rig.record(trio(), 1)
    == "became follower in epoch 1\n"
       "ask for leader after epoch 1\n");
}

TEST_CASE("replica: a leader is asked for until the record changes") {
  auto kept = kept_log{1, log_of({1})};
  auto rig = replica_rig{options_of(one), kept};
  auto asked = "ask for leader after epoch 1\n";
  CHECK(rig.record(trio(1), 1).find(asked) != std::string::npos);
  CHECK(rig.tick(999ms) == "");
  CHECK(rig.tick(1ms) == asked); // nobody decided when it asked first
  CHECK(rig.tick(999ms) == "");
  CHECK(rig.tick(1ms) == asked);
  rig.record(trio(2, two), 2);
  rig.persisted(2);
  CHECK(rig.tick(1h) == "");
}

TEST_CASE("replica: a member leads only with the disk in the record") {
  auto options = options_of(one);
  options.store = disk(one, 9);
  auto rig = replica_rig{options};
  CHECK(
    rig.record(trio(), 1)
    == "persist epoch 1\n"
       "became learner in epoch 1\n"
       "ask for leader after epoch 1\n");
}

TEST_CASE("replica: a leader of a long log stays small") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  for (int n = 0; n < 50; ++n) {
    rig.append_synced(20'000);
    rig.acked(two, rig.machine.log().last());
    rig.acked(three, rig.machine.log().last());
  }
  CHECK(rig.machine.committed() == 1'000'001);
  CHECK(rig.machine.log().runs().size() == 1);
  CHECK(rig.machine.followers().size() == 2);
  CHECK(sizeof(replica_machine) < 1500);
  CHECK(sizeof(follower_progress) < 500);
}

TEST_CASE("replica: a follower that trimmed more is met at its base") {
  auto kept = kept_log{1, log_of({1, 1, 1, 1})};
  auto rig = replica_rig{options_of(one), kept};
  rig.record(trio(2), 1);
  rig.persisted(2);
  rig.hear(two, reject{2, {1, 4}, {0, 0}, rig.now, {disk(two)}});
  rig.hear(two, reject{2, {0, 0}, {1, 3}, rig.now, {disk(two)}});
  auto sent = rig.all<send_append>();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].what.previous == log_mark{1, 3});
}

#include "tests/engine/cluster/replica_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe::test;

namespace {

/// Returns a leader of three that has not heard the third for long enough.
replica_rig left_by_third(const replica_options& options = options_of(one)) {
  auto rig = replica_rig{options};
  rig.lead();
  for (int n = 0; n < 7; ++n) {
    rig.tick(300ms);
    if (!rig.all<compare_and_swap>().empty()) break;
    rig.acked(two, rig.machine.log().last());
  }
  return rig;
}

group_record without_third() {
  auto made = trio();
  made.in_sync.pop_back();
  made.cause = record_cause::shrink;
  return made;
}

/// Returns a leader without the third one, which is five entries behind.
replica_rig joined_by_third() {
  auto rig = replica_rig{options_of(one)};
  rig.begin(without_third());
  rig.acked(two, 1);
  rig.acked(three, 1);
  rig.append_synced(5);
  rig.acked(two, 6);
  return rig;
}

} // namespace

TEST_CASE("replica: who is silent for two seconds leaves the in-sync set") {
  auto rig = left_by_third();
  auto asked = rig.all<compare_and_swap>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0] == compare_and_swap{1, 1, without_third()});
}

TEST_CASE("replica: who cannot be reached leaves the in-sync set at once") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.machine.on_unreachable(three, rig.now);
  rig.tick(10ms);
  auto asked = rig.all<compare_and_swap>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].record == without_third());
}

TEST_CASE("replica: who is heard again counts as reached") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.machine.on_unreachable(three, rig.now);
  rig.acked(three, rig.machine.log().last());
  rig.tick(10ms);
  CHECK(rig.all<compare_and_swap>().empty());
}

TEST_CASE("replica: who acks but stays behind leaves the in-sync set") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(5);
  for (int n = 0; n < 8 && rig.all<compare_and_swap>().empty(); ++n) {
    rig.acked(two, 6);
    rig.acked(three, 3);
    rig.tick(300ms);
  }
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  CHECK(rig.all<compare_and_swap>()[0].record == without_third());
}

TEST_CASE("replica: the in-sync set never falls below its least size") {
  auto options = options_of(one);
  options.min_in_sync = 3;
  auto rig = left_by_third(options);
  CHECK(rig.all<compare_and_swap>().empty());
}

TEST_CASE("replica: until a swap is answered, both sets hold") {
  auto rig = left_by_third();
  rig.append_synced(1);
  rig.acked(two, 2);
  CHECK(rig.machine.committed() == 1);
  rig.after([&](auto& x) { x.on_swap_unknown(1, rig.now); });
  CHECK(rig.machine.committed() == 1);
  CHECK(rig.after([&](auto& x) {
    x.on_swapped(1, 2, rig.now);
  }) == "commit up to 2\n");
}

TEST_CASE("replica: an unknown swap is looked into and asked for again") {
  auto rig = left_by_third();
  rig.after([&](auto& x) { x.on_swap_unknown(1, rig.now); });
  CHECK(rig.tick().find("read record") == 0);
  // It has not happened: the same again, with the same revision.
  rig.record(trio(), 1);
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  CHECK(
    rig.all<compare_and_swap>()[0] == compare_and_swap{1, 1, without_third()});
  // It has: what is read is what holds.
  rig.record(without_third(), 2);
  CHECK(rig.machine.in_sync().effective().size() == 2);
}

TEST_CASE("replica: a conflict shows what holds instead") {
  auto rig = left_by_third();
  auto lines = rig.after(
    [&](auto& x) { x.on_swap_conflict(1, trio(2, two), 2, rig.now); });
  CHECK(
    lines
    == "became follower in epoch 1\n"
       "persist epoch 2\n");
  CHECK(rig.machine.leader() == two);
}

TEST_CASE("replica: who has the epoch's first entry comes in sync") {
  auto rig = replica_rig{options_of(one)};
  rig.begin(without_third());
  rig.acked(two, 1);
  rig.acked(three, 0);
  rig.tick(50ms);
  CHECK(rig.all<compare_and_swap>().empty());
  rig.acked(three, 1);
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  auto wanted = trio();
  wanted.cause = record_cause::expand;
  CHECK(rig.all<compare_and_swap>()[0].record == wanted);
  // It counts from now on.
  rig.append_synced(1);
  rig.acked(two, 2);
  CHECK(rig.machine.committed() == 1);
}

TEST_CASE("replica: who is a little behind all the time comes in sync") {
  auto rig = joined_by_third();
  CHECK(rig.machine.committed() == 6);
  rig.tick(50ms);
  rig.append_synced(2);
  rig.acked(two, 8);
  CHECK(rig.machine.committed() == 6); // waits for the third
  rig.acked(three, 5);
  CHECK(rig.all<compare_and_swap>().empty());
  rig.acked(three, 6);
  CHECK(rig.all<compare_and_swap>().size() == 1);
}

TEST_CASE("replica: confirms wait a moment for who comes in sync, no more") {
  auto rig = joined_by_third();
  rig.tick(50ms);
  rig.append_synced(2);
  rig.acked(two, 8);
  CHECK(rig.machine.committed() == 6);
  rig.tick(110ms);
  CHECK(rig.machine.committed() == 8);
  rig.tick(500ms); // and not at once again
  rig.acked(two, 8);
  rig.append_synced(2);
  rig.acked(two, 10);
  CHECK(rig.machine.committed() == 10);
}

TEST_CASE("replica: a learner becomes a replica with the in-sync set") {
  auto rig = replica_rig{options_of(one)};
  auto record = without_third();
  record.replicas = {one, two};
  record.adding = {three};
  rig.begin(record);
  rig.acked(two, 1);
  rig.acked(three, 1);
  rig.tick(50ms);
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  auto wanted = rig.all<compare_and_swap>()[0].record;
  CHECK(wanted.adding.empty());
  CHECK(wanted.replicas == std::vector{one, two, three});
}

TEST_CASE("replica: a new disk takes the place of the one it replaces") {
  auto options = options_of(one);
  auto rig = replica_rig{options};
  auto record = without_third(); // no room to shrink
  rig.begin(record);
  rig.hear(two, ack{1, 1, rig.now, {disk(two, 5)}});
  CHECK(rig.machine.committed() == 0);
  rig.tick(50ms);
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  auto wanted = rig.all<compare_and_swap>()[0].record.in_sync;
  CHECK(
    wanted
    == std::vector<in_sync_member>{{one, disk(one)}, {two, disk(two, 5)}});
}

TEST_CASE("replica: a full or unchecked disk leaves the in-sync set") {
  auto state = follower_state{disk(three)};
  SECTION("full") { state.has_space = false; }
  SECTION("unchecked") { state.is_unchecked = true; }
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.hear(three, ack{1, 1, rig.now, state});
  rig.tick();
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  CHECK(rig.all<compare_and_swap>()[0].record == without_third());
  rig.after([&](auto& x) { x.on_swapped(1, 2, rig.now); });
  rig.hear(three, ack{1, 1, rig.now, state});
  rig.tick();
  CHECK(rig.all<compare_and_swap>().empty()); // and stays out
}

TEST_CASE("replica: who stopped uncleanly is sent checksums to compare") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(9);
  auto state = follower_state{disk(three), true};
  rig.hear(three, ack{1, 10, rig.now, state});
  auto wanted = std::vector<compare_logs>{{three, 1, 1, 10}};
  CHECK(rig.all<compare_logs>() == wanted);
  rig.tick(900ms);
  CHECK(rig.all<compare_logs>().empty()); // not all the time
  rig.append_synced(5);
  rig.hear(three, ack{1, 15, rig.now, state});
  CHECK(rig.all<compare_logs>().empty());
  rig.tick(100ms);
  CHECK(rig.all<compare_logs>() == wanted); // what it had when it came back
  rig.after([&](auto& x) { x.on_connected(three, rig.now); });
  rig.hear(three, ack{1, 15, rig.now, state});
  CHECK(
    rig.all<compare_logs>() == std::vector<compare_logs>{{three, 1, 1, 15}});
}

TEST_CASE("replica: who has compared says so at once") {
  auto kept = kept_log{1, log_of({1, 1, 1}), false};
  auto rig = replica_rig{options_of(three), kept};
  rig.record(without_third(), 1);
  rig.hear(one, append{1, 1, {1, 3}, 0, 0, 3, 0, rig.now - 1min});
  REQUIRE(rig.all<send_ack>().size() == 1);
  CHECK(rig.all<send_ack>()[0].what.state.is_unchecked);
  rig.after([&](auto& x) { x.on_compared(1, true, rig.now); });
  REQUIRE(rig.all<send_ack>().size() == 1);
  auto said = ack{1, 3, rig.now - 1min, {disk(three)}};
  CHECK(rig.all<send_ack>()[0].what == said);
}

TEST_CASE("replica: a replica on its way out goes by the leader's hand") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  auto record = trio();
  record.removing = {three};
  rig.record(record, 2);
  rig.tick();
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  rig.after([&](auto& x) { x.on_swapped(1, 3, rig.now); });
  rig.tick();
  REQUIRE(rig.all<compare_and_swap>().size() == 1);
  auto last = rig.all<compare_and_swap>()[0].record;
  CHECK(last.replicas == std::vector{one, two});
  CHECK(last.removing.empty());
  CHECK(rig.machine.followers().size() == 1);
}

// -- trimming

TEST_CASE("replica: a leader trims what all nearby have") {
  auto rig = replica_rig{options_of(one)};
  rig.lead();
  rig.append_synced(9);
  rig.acked(two, 10);
  rig.acked(three, 4);
  auto trimmable = [&](log_index up_to) {
    rig.after([&](auto& x) { x.on_trimmable(up_to, rig.now); });
    return rig.all<trim>();
  };
  CHECK(trimmable(8) == std::vector<trim>{{log_mark{1, 4}}});
  CHECK(trimmable(8).empty());
  rig.acked(three, 10);
  CHECK(trimmable(8) == std::vector<trim>{{log_mark{1, 8}}});
  CHECK(trimmable(5).empty());
}

TEST_CASE("replica: who needs what is trimmed gets a checkpoint in pieces") {
  auto options = options_of(one);
  options.kept_entries = 2;
  auto rig = replica_rig{options};
  auto record = without_third();
  record.replicas = {one, two};
  record.adding = {four};
  rig.begin(record);
  rig.acked(two, 1);
  rig.append_synced(9);
  rig.acked(two, 10);
  rig.after([&](auto& x) { x.on_trimmable(10, rig.now); });
  CHECK(rig.machine.log().base() == log_mark{1, 10});
  rig.tick(400ms);
  auto none = reject{1, {0, 0}, {0, 0}, rig.now, {disk(four)}};
  rig.hear(four, none); // of an earlier question
  rig.tick(400ms);
  rig.after([&](auto& x) { x.on_connected(four, rig.now); });
  CHECK(rig.all<send_chunk>().empty()); // it may not be there
  rig.hear(four, reject{1, {1, 10}, {0, 0}, rig.now, {disk(four)}});
  REQUIRE(rig.all<send_chunk>().size() == 1);
  CHECK(rig.all<send_chunk>()[0].what.at == log_mark{1, 10});
  auto wants = chunk_ack{1, {1, 10}, 1, rig.now, {disk(four)}};
  rig.hear(four, wants);
  REQUIRE(rig.all<send_chunk>().size() == 1);
  CHECK(rig.all<send_chunk>()[0].what.number == 1);
  CHECK(rig.hear(four, wants) == ""); // under way
  rig.tick(500ms);
  CHECK(rig.all<send_chunk>().size() == 1); // lost, maybe
  rig.after([&](auto& x) { x.on_checkpoint_later(four, rig.now); });
  rig.tick(500ms);
  CHECK(rig.all<send_chunk>().empty()); // it has begun: nothing is later
  rig.after([&](auto& x) { x.on_checkpoint_gone(four, rig.now); });
  REQUIRE(rig.all<send_chunk>().size() == 1);
  CHECK(rig.all<send_chunk>()[0].what.number == 0);
  rig.append_synced(1);
  CHECK(
    rig.hear(four, ack{1, 10, rig.now, {disk(four)}})
      .find("append to 4: epoch 1, 1 entries behind 1:10")
    == 0);
}

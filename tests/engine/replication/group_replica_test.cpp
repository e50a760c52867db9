#include "tests/engine/replication/replica_alike.hpp"

using namespace troupe;
using namespace troupe::test;

TEST_CASE("group_replica: what is confirmed is on all, and does the same") {
  auto play = replica_play{1};
  play.settle();
  for (int i = 0; i < 50; ++i) {
    play.publish();
    play.settle(3);
  }
  play.settle();
  CHECK(play.confirmed.size() == 50);
  CHECK(play.erasing.size() > 5);
  check_alike(play);
  auto raw = look(*play.members[0].store).raw;
  for (const auto& [ticket, erased] : play.erasing)
    for (auto index : erased) CHECK(raw[index - 1].empty());
}

TEST_CASE("group_replica: nothing is confirmed by one member alone") {
  auto play = replica_play{1};
  play.settle();
  play.kill(1);
  play.kill(2);
  play.publish();
  play.settle(20);
  CHECK(play.confirmed.empty());
  play.start(1);
  play.start(2);
  play.settle();
  CHECK(play.confirmed.size() == 1);
  check_alike(play);
}

TEST_CASE("group_replica: a member that was down catches up from the disk") {
  auto play = replica_play{1, 0, 1'000'000}; // nothing in memory, all on disk
  play.settle();
  play.kill(2);
  play.settle();
  for (int i = 0; i < 100; ++i) {
    play.publish();
    play.settle(2);
  }
  play.settle(10);
  CHECK(play.confirmed.size() == 100);
  play.start(2);
  play.settle(400);
  check_alike(play);
  CHECK(play.record.in_sync.size() == 3);
}

TEST_CASE("group_replica: a node's own log becomes a group's") {
  auto play = replica_play{1};
  play.kill(0);
  auto store = log_store::open(options_in(play.members[0].folder.path()));
  CHECK(store.value()->last_index(play_group) == 0);
  // What it had before there was a cluster.
  auto folder = temp_folder{};
  auto old = log_store::open(options_in(folder.path())).value();
  for (auto x : {"a", "b"})
    old->commit(appending(play_group, published(1, x))).value();
  auto options = group_replica::options{};
  options.group = play_group;
  options.machine.self = replica_play::id(0);
  options.machine.store = parse_store_id(old->store_id()).value();
  auto made = group_replica::open(options, *old, play.now).value();
  CHECK(made.machine().log().end() == log_mark{1, 2});
  CHECK(made.applied() == 2);
}

TEST_CASE("group_replica: who is taken out keeps its epoch alone") {
  auto play = replica_play{1};
  play.settle();
  for (int i = 0; i < 20; ++i) play.publish();
  play.elect();
  play.settle(20);
  auto epoch = play.record.epoch;
  auto out = play.leader() == 2 ? std::size_t{1} : std::size_t{2};
  auto is_out = [&](const auto& x) { return x.member == play.id(out); };
  std::erase_if(play.record.in_sync, is_out);
  std::erase(play.record.replicas, play.id(out));
  ++play.revision;
  play.settle(20);
  CHECK(play.members[out].store->last_index(play_group) == 0);
  CHECK(look(*play.members[out].store).state.empty());
  play.kill(out);
  play.start(out);
  CHECK(play.members[out].replica->machine().epoch() == epoch);
  CHECK(play.members[out].replica->machine().log().last() == 0);
}

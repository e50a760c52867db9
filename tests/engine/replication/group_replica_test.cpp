#include "tests/engine/replication/replica_play.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

/// What a member's store has of the group.
struct seen {
  log_index last = 0;
  std::vector<std::string> raw;
  std::map<std::string, std::string> state;
  bool operator==(const seen&) const = default;
};

seen look(const log_store& store) {
  auto made = seen{};
  made.last = store.last_index(play_group);
  for (log_index i = 1; i <= made.last; ++i)
    made.raw.push_back(store.read_raw(play_group, i, i, 1).value().at(0));
  auto done = store.scan_state(
    "h", [&](auto, auto name, auto value) { made.state.emplace(name, value); });
  REQUIRE(done.has_value());
  return made;
}

void check_alike(replica_play& play) {
  auto first = look(*play.members[0].store);
  for (std::size_t i = 1; i < play.members.size(); ++i) {
    auto other = look(*play.members[i].store);
    CHECK(other.last == first.last);
    CHECK((other.state == first.state));
    CHECK((other.raw == first.raw));
  }
  for (const auto& [ticket, index] : play.confirmed) {
    auto key = play.asked.find(ticket);
    if (key == play.asked.end()) continue;
    INFO("ticket " << ticket << " at " << index);
    CHECK(first.state.contains(key->second));
  }
}

} // namespace

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

TEST_CASE("group_replica: keeps what is confirmed whatever comes") {
  auto tail = GENERATE(0, 2000);
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed << ", tail " << tail);
    auto play = replica_play{seed, static_cast<std::size_t>(tail), 1'000'000};
    play.is_lossy = true;
    for (int step = 0; step < 3000; ++step) {
      auto i = play.pick(3);
      switch (play.pick(14)) {
        case 0:
        case 1: play.publish(); break;
        case 2:
        case 3:
        case 4:
          if (play.members[i].replica) play.write_one(i);
          break;
        case 5:
          if (play.members[i].replica) play.read_one(i);
          break;
        case 6: play.tick(10ms); break;
        case 7:
          if (play.chance(0.05)) play.kill(i);
          break;
        case 8:
          if (!play.members[i].replica && play.chance(0.3)) play.start(i);
          break;
        case 9:
          if (play.chance(0.05)) play.elect();
          break;
        case 10: play.watch(i); break;
        default:
          if (!play.network.empty())
            play.deliver(
              play.pick(std::min<std::size_t>(play.network.size(), 5)));
      }
    }
    play.is_lossy = false;
    for (std::size_t i = 0; i < 3; ++i)
      if (!play.members[i].replica) play.start(i);
    if (!play.leader() || play.record.leader == nobody) play.elect();
    play.settle(400);
    auto before = play.confirmed.size();
    play.publish();
    play.settle();
    CHECK(play.confirmed.size() == before + 1);
    check_alike(play);
  }
}

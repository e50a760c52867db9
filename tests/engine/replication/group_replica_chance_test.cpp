#include "tests/engine/replication/replica_alike.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::test;

namespace {

struct life {
  int steps = 3000;
  duration tick = 10ms;
  double kills = 0.05;
  double starts = 0.3;
  double elections = 0.05;
  int pace = 1; // of disks and network
};

/// Lets anything happen, in any order.
void run(replica_play& play, const life& of) {
  for (int step = 0; step < of.steps; ++step) {
    auto i = play.pick(3);
    auto& x = play.members[i];
    switch (play.pick(15)) {
      case 0:
      case 1: play.publish(); break;
      case 2:
      case 3:
      case 4:
        for (int n = 0; n < of.pace && x.replica; ++n) play.write_one(i);
        break;
      case 5:
        if (x.replica) play.read_one(i);
        break;
      case 6: play.tick(of.tick); break;
      case 7:
        if (play.chance(play.is_installing(i) ? 0.7 : of.kills)) play.kill(i);
        break;
      case 8:
        if (!x.replica && play.chance(of.starts)) play.start(i);
        break;
      case 9:
        if (play.chance(of.elections)) play.elect();
        break;
      case 10: play.watch(i); break;
      case 11:
        if (x.replica) play.cut_one(i);
        if (play.chance(0.01)) play.drop_views(i);
        break;
      default:
        for (int n = 0; n < of.pace && !play.network.empty(); ++n)
          play.deliver(
            play.pick(std::min<std::size_t>(play.network.size(), 5)));
    }
  }
}

void heal_and_check(replica_play& play) {
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

} // namespace

TEST_CASE("group_replica: keeps what is confirmed whatever comes") {
  auto tail = GENERATE(0, 2000);
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed << ", tail " << tail);
    auto play = replica_play{seed, static_cast<std::size_t>(tail), 1'000'000};
    play.is_lossy = true;
    run(play, {});
    heal_and_check(play);
  }
}

TEST_CASE("group_replica: and so it does with checkpoints") {
  auto installed = std::size_t{0};
  auto killed = std::size_t{0};
  for (std::uint32_t seed = 1; seed <= 3; ++seed) {
    INFO("seed " << seed);
    auto tail = seed == 1 ? std::size_t{2000} : 0;
    auto play = replica_play{seed, tail, 1, 4, 3000};
    play.is_lossy = true;
    for (int absence = 0; absence < 4; ++absence) {
      auto away = play.pick(3);
      play.kill(away);
      for (std::size_t i = 0; i < 3; ++i)
        if (i != away && !play.members[i].replica) play.start(i);
      if (!play.leader()) play.elect();
      run(play, {500, 100ms, 0, 0, 0, 4}); // long enough to be silent
      play.start(away);
      run(play, {1500, 20ms, 0.002, 0.5, 0.01, 4});
    }
    installed += play.installed;
    killed += play.killed_in_install;
    heal_and_check(play);
  }
  CHECK(installed > 3);
  CHECK(killed > 0);
}

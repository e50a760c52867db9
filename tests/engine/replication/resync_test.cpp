#include "tests/engine/replication/resync_play.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

/// Kills a member that has tens of thousands of entries, starts it again while
/// others publish, and returns how long it took until it was in sync.
local_span away_for(resync_play& play, local_span time) {
  play.run(200ms);
  for (int i = 0; i < 30; ++i) {
    play.publish(20);
    play.run(20ms);
  }
  play.publish(1, 40ms); // from here on all the time
  play.run(100ms);
  play.kill(2);
  play.run(time);
  CHECK_FALSE(play.is_in_sync(2));
  CHECK(play.compared == 0);
  play.start(2);
  return play.run_until_in_sync(2, 20s);
}

} // namespace

TEST_CASE("resync: a killed member is in sync after a few round trips") {
  auto play = resync_play{};
  auto took = away_for(play, 3s);
  CHECK(took < 200ms);
  CHECK(play.checkpoints == 0);
  CHECK(play.compared == troupe::groups);
}

TEST_CASE("resync: so it is by checkpoints, all groups at the same time") {
  auto options = group_replica::options{};
  options.machine.kept_for = 1s;
  options.trim_every = 16;
  auto play = resync_play{options};
  auto took = away_for(play, 2s);
  CHECK(took < 500ms);
  CHECK(play.checkpoints == troupe::groups); // no group twice
}

TEST_CASE("resync: a group that is quiet and trimmed is compared as well") {
  auto options = group_replica::options{};
  options.trim_every = 1;
  auto play = resync_play{options};
  play.run(200ms);
  play.publish(20);
  play.run(500ms);
  play.kill(2);
  play.run(1s);
  play.start(2);
  CHECK(play.run_until_in_sync(2, 20s) < 500ms);
}

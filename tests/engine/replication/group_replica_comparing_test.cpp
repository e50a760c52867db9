#include "tests/engine/replication/replica_play.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Changes the last entries of a member that is down, in content alone.
void damage(const std::filesystem::path& folder, log_index count) {
  auto store = log_store::open(options_in(folder)).value();
  auto last = store->last_index(play_group);
  auto epoch = store->mark(play_group).value()->epoch;
  auto request = commit_request{};
  request.truncations.push_back({play_group, last - count + 1});
  store->commit(request).value();
  request = {};
  for (log_index i = 0; i < count; ++i)
    request.appends.push_back({play_group, encode(published(1, "x"), epoch)});
  store->commit(request).value();
}

} // namespace

TEST_CASE("group_replica: one entry of many that is another one is found") {
  auto is_damaged = GENERATE(false, true);
  auto play = replica_play{1, 1 << 20, 1'000'000};
  play.settle();
  for (int i = 0; i < 60; ++i) {
    play.publish();
    play.settle(2);
  }
  play.kill(2);
  if (is_damaged) damage(play.members[2].folder.path(), 1);
  play.start(2);
  play.settle(40);
  CHECK(play.replaced.contains(2) == is_damaged);
  CHECK(play.record.in_sync.size() == (is_damaged ? 2 : 3));
}

TEST_CASE("group_replica: sums that come twice, late or not at all") {
  auto play = replica_play{5, 1 << 20, 1'000'000};
  play.settle();
  for (int i = 0; i < 60; ++i) {
    play.publish();
    play.settle(2);
  }
  play.kill(2);
  play.start(2);
  play.is_lossy = true;
  play.settle(400);
  CHECK(play.replaced.empty());
  CHECK(play.record.in_sync.size() == 3);
}

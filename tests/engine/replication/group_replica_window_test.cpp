#include "tests/engine/replication/replica_alike.hpp"

#include <algorithm>

using namespace troupe;
using namespace troupe::test;

namespace {

std::size_t bytes_under_way(const replica_play& play, std::size_t to) {
  auto bytes = std::size_t{0};
  for (const auto& x : play.network)
    if (x.to == to) bytes += x.bytes.size();
  return bytes;
}

} // namespace

TEST_CASE("group_replica: a follower that is slow is sent no more than fits") {
  auto tail = GENERATE(std::size_t{0}, std::size_t{1} << 20);
  auto play = replica_play{1, tail, 1, 100'000, 700, 2000};
  play.settle();
  for (int i = 0; i < 200; ++i) {
    play.publish();
    while (!play.members[0].writes.empty()) play.write_one(0);
  }
  CHECK(bytes_under_way(play, 1) > 1000);
  CHECK(bytes_under_way(play, 1) < 3000);
  play.settle();
  CHECK(play.confirmed.size() == 200);
  check_alike(play);
}

TEST_CASE("group_replica: one that catches up is sent no more than fits") {
  auto play = replica_play{1, 0, 1'000'000, 100'000, 700, 1000};
  play.settle();
  play.kill(2);
  play.settle();
  for (int i = 0; i < 200; ++i) {
    play.publish();
    play.settle(2);
  }
  play.start(2);
  auto most = std::size_t{0};
  for (int i = 0; i < 400; ++i) {
    while (!play.members[0].reads.empty()) play.read_one(0);
    most = std::max(most, bytes_under_way(play, 2));
    play.settle(1);
  }
  CHECK(most > 300);
  CHECK(most < 1500);
  check_alike(play);
  CHECK(play.record.in_sync.size() == 3);
}

TEST_CASE("group_replica: an entry beyond the window goes alone") {
  auto play = replica_play{1, 0, 1, 100'000, 700, 10};
  play.settle();
  for (int i = 0; i < 20; ++i) play.publish();
  play.settle();
  CHECK(play.confirmed.size() == 20);
  check_alike(play);
}

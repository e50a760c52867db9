#include "tests/engine/gateway/gateway_play.hpp"
#include "tests/support/queue_rig.hpp"
#include "tests/support/slow_build.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

void play(play_options options) {
  auto schedules = is_slow_build ? 40U : 300U;
  for (std::uint32_t seed = 1; seed <= schedules; ++seed) {
    INFO("seed " << seed);
    gateway_play{seed, options}.play(400);
  }
}

} // namespace

TEST_CASE("gateway: nothing is lost or doubled while a shard comes and goes") {
  auto options = play_options{};
  SECTION("lent once it is stored") {}
  SECTION("lent at once") { options.queue.lends_unstored = true; }
  play(options);
}

TEST_CASE("gateway: nothing is lost or doubled over several shards") {
  auto options = play_options{3, queue_rig::by_key(5)};
  play(options);
}

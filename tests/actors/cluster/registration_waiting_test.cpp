#include "tests/actors/cluster/registry_play.hpp"

#include <optional>

using namespace troupe;
using namespace troupe::test;
using cluster::member_id;

TEST_CASE("registration: a name that runs is taken, after a wait") {
  auto play = registry_play{};
  auto first = play.must_enter("a", 1);
  auto holder = play.client("holder");
  play.show(holder, "a", first.own);
  auto done = play.enter(play.asked("a", 2));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::bad_config);
  CHECK(done.error().detail.find("another node.name") != std::string::npos);
  CHECK(play.pauses == 30); // 15 s
  CHECK(play.troubles.size() == 1);
}

TEST_CASE("registration: a member that crashed waits for its session to end") {
  auto play = registry_play{};
  auto first = play.must_enter("a", 1);
  auto holder = play.client("holder");
  play.show(holder, "a", first.own);
  play.world.cut("holder");
  play.while_waiting = [&] {
    for (auto i = 0; i < 500; ++i) play.world.tick(play.now += duration{1});
  };
  CHECK(play.must_enter("a", 1).own.incarnation == 2);
  CHECK(play.pauses > 0);
  CHECK(play.pauses < 30);
}

TEST_CASE("registration: a last run that has ended is not waited for") {
  auto play = registry_play{};
  auto first = play.must_enter("a", 1);
  auto holder = play.client("holder");
  first.own.run = "one";
  play.show(holder, "a", first.own);
  auto asked = play.asked("a", 1);
  SECTION("of this node, as its host knows") {
    asked.has_ended = [](const std::string& run) { return run == "one"; };
    auto done = play.enter(asked);
    REQUIRE(done.has_value());
    CHECK(done->own.id == first.own.id);
    CHECK(done->own.incarnation == 2);
    CHECK(play.pauses == 0);
  }
  SECTION("of another node, it is") {
    asked.own.store.low = 2;
    asked.has_ended = [](const std::string&) { return true; };
    CHECK_FALSE(play.enter(asked).has_value());
    CHECK(play.pauses == 30);
  }
  SECTION("of this node, which nobody knows to have ended, it is") {
    asked.has_ended = [](const std::string& run) { return run != "one"; };
    CHECK_FALSE(play.enter(asked).has_value());
    CHECK(play.pauses == 30);
  }
}

TEST_CASE("registration: two that come at once get different numbers") {
  auto play = registry_play{};
  if (GENERATE(false, true)) play.must_enter("z", 9);
  auto at = play.client("a");
  auto other = std::optional<registered>{};
  at.before_txn = [&] { other = play.must_enter("b", 2); };
  auto done = register_member(at, play.asked("a", 1));
  REQUIRE(done.has_value());
  REQUIRE(other);
  CHECK(done->own.id != other->own.id);
  CHECK(done->meta == other->meta);
}

TEST_CASE("registration: a coordinator that is away is waited for") {
  auto play = registry_play{};
  auto at = play.client("a");
  play.world.cut("a");
  play.while_waiting = [&] {
    if (play.pauses == 3) play.world.heal("a");
  };
  auto done = register_member(at, play.asked("a", 1));
  REQUIRE(done.has_value());
  CHECK(done->own.id == member_id{1});
  CHECK(play.pauses >= 3);
  CHECK(play.troubles.size() == 1); // said once
}

TEST_CASE("registration: an answer that is lost is found out about") {
  auto play = registry_play{};
  auto at = play.client("a");
  at.before_txn = [&] { play.world.set_faults({.lost_replies = 1}); };
  play.while_waiting = [&] { play.world.set_faults({}); };
  auto done = register_member(at, play.asked("a", 1));
  REQUIRE(done.has_value());
  CHECK(done->own.id == member_id{1});
  CHECK(play.pauses > 0);
  CHECK_FALSE(play.troubles.empty());
}

TEST_CASE("registration: a wait that is to end ends") {
  auto play = registry_play{};
  play.most_pauses = 2;
  auto at = play.client("a");
  play.world.cut("a");
  CHECK_FALSE(register_member(at, play.asked("a", 1)).has_value());
  CHECK(play.pauses == 2);
}

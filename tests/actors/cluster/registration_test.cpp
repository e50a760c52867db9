#include "tests/actors/cluster/registry_play.hpp"

#include <string>

using namespace troupe;
using namespace troupe::test;
using cluster::member_id;
using cluster::store_id;

TEST_CASE("registration: the first member makes the cluster") {
  auto play = registry_play{};
  auto made = play.must_enter("a", 1);
  CHECK(made.own.id == member_id{1});
  CHECK(made.own.incarnation == 1);
  CHECK(made.own.state == cluster::member_state::up);
  CHECK(made.meta.cluster_id == "by a");
  auto kept = play.world.range(cluster_meta_key(play.prefix));
  REQUIRE(kept.values.size() == 1);
  CHECK(decode_meta("", kept.values[0].value).value() == made.meta);
}

TEST_CASE("registration: others get numbers of their own and its terms") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto second = play.must_enter("b", 2);
  CHECK(second.own.id == member_id{2});
  CHECK(second.meta.cluster_id == "by a");
  CHECK(play.must_enter("c", 3).own.id == member_id{3});
}

TEST_CASE("registration: a member that starts again keeps what it was") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto first = play.must_enter("b", 2);
  auto key = member_key(play.prefix, "b");
  first.own.state = cluster::member_state::draining;
  play.put(key, encode(first.own));
  auto again = play.must_enter("b", 2);
  CHECK(again.own.id == member_id{2});
  CHECK(again.own.incarnation == 2);
  CHECK(again.own.state == cluster::member_state::draining);
}

TEST_CASE("registration: a store that was wiped is told by its new id") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto again = play.must_enter("a", 7);
  CHECK(again.own.id == member_id{1});
  auto kept = play.world.range(member_key(play.prefix, "a"));
  REQUIRE(kept.values.size() == 1);
  CHECK(decode_node("", kept.values[0].value).value().store == store_id{1, 7});
}

TEST_CASE("registration: a number is not given again when its member is gone") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  play.must_enter("b", 2);
  auto request = txn_request{};
  request.erases.push_back(member_key(play.prefix, "b"));
  play.change(request);
  CHECK(play.must_enter("c", 3).own.id == member_id{3});
  CHECK(play.must_enter("b", 2).own.id == member_id{4});
}

TEST_CASE("registration: the last number is not passed") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  play.put(play.prefix + "numbers/65535", "z");
  auto done = play.enter(play.asked("b", 2));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::bad_config);
  CHECK(play.enter(play.asked("a", 1)).has_value());
}

TEST_CASE("registration: a copy of another member's store is refused") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto done = play.enter(play.asked("b", 1));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::bad_config);
  CHECK(done.error().detail.find("a copy of that of 'a'") != std::string::npos);
  CHECK(play.world.range(members_prefix(play.prefix)).values.size() == 1);
}

TEST_CASE("registration: a cluster with other groups is refused") {
  auto play = registry_play{};
  auto other = play.asked("a", 1);
  other.meta.groups = groups + 1;
  REQUIRE(play.enter(other).has_value());
  auto done = play.enter(play.asked("b", 2));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::bad_config);
  CHECK(done.error().detail.find("65 groups") != std::string::npos);
}

TEST_CASE("registration: a cluster at another feature level is refused") {
  auto play = registry_play{};
  auto first = play.asked("a", 1);
  first.own.protocol_max = 3;
  first.meta.feature_level = 2;
  REQUIRE(play.enter(first).has_value());
  auto asked = play.asked("b", 2);
  auto told = std::string{};
  SECTION("one that this program does not know yet") {
    asked.own.protocol_max = 1;
    told = "at feature level 2, and this program knows the levels 0 to 1";
  }
  SECTION("one that it knows no more") {
    asked.own.protocol_min = 3;
    asked.own.protocol_max = 4;
    told = "let the cluster's level rise";
  }
  auto done = play.enter(asked);
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::bad_config);
  CHECK(done.error().detail.find(told) != std::string::npos);
}

#include "tests/actors/cluster/registry_play.hpp"

#include <string>

using namespace troupe;
using namespace troupe::test;
using cluster::member_id;

TEST_CASE("registration: a member's record that is damaged stops that one") {
  auto play = registry_play{};
  auto key = GENERATE_REF(
    as<std::string>{}, member_key(play.prefix, "a"),
    node_key(play.prefix, "a"));
  play.must_enter("a", 1);
  play.put(key, R"({"id":)");
  auto other = play.enter(play.asked("b", 2));
  REQUIRE(other.has_value());
  CHECK(other->own.id == member_id{2}); // the number of "a" is not given again
  REQUIRE(play.troubles.size() == 1);
  CHECK(play.troubles[0].find("member 'a' is left out") == 0);
  CHECK(play.troubles[0].find('\'' + key + '\'') != std::string::npos);
  auto own = play.enter(play.asked("a", 1));
  REQUIRE(own.has_error());
  CHECK(own.error().code == errc::corrupt);
  CHECK(own.error().detail.find('\'' + key + '\'') != std::string::npos);
  CHECK(play.world.range(key).values.at(0).value == R"({"id":)");
}

TEST_CASE("registration: a number that is none is told of and left alone") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto text = GENERATE(as<std::string>{}, "", "7x", "70000", "x");
  play.put(play.prefix + "numbers/" + text, "c");
  CHECK(play.must_enter("b", 2).own.id == member_id{2});
  REQUIRE(play.troubles.size() == 1);
  CHECK(
    play.troubles[0]
    == "the coordinator's key '" + play.prefix + "numbers/" + text
         + "' does not end with a member's number; erase it");
}

TEST_CASE("registration: what cannot be read is not written over") {
  auto play = registry_play{};
  play.put(cluster_meta_key(play.prefix), "{");
  auto done = play.enter(play.asked("a", 1));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::corrupt);
  CHECK(play.world.range(members_prefix(play.prefix)).values.empty());
}

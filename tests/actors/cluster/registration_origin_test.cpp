#include "tests/actors/cluster/registry_play.hpp"

#include <string>
#include <utility>

// What a store is of, and which clusters take it.

using namespace troupe;
using namespace troupe::test;
using cluster::member_id;
using cluster::store_id;

namespace {

first_records recovered() {
  auto made = first_records{};
  made.meta.slots = slots;
  made.meta.groups = groups;
  made.meta.replicas = 1;
  made.meta.cluster_id = "new";
  made.members["b"].id = member_id{2};
  made.members["b"].store = store_id{1, 2};
  for (std::size_t i = 0; i < groups; ++i) {
    auto& x = made.groups.emplace_back();
    x.epoch = 7 + i;
    x.leader = member_id{2};
    x.replicas = {member_id{2}};
    x.in_sync = {{member_id{2}, store_id{1, 2}}};
    x.cause = cluster::record_cause::operation;
  }
  return made;
}

registration of(registration asked, const std::string& cluster_id) {
  asked.origin = {"orders", cluster_id, true};
  return asked;
}

registration recovering(registration asked) {
  asked = of(std::move(asked), "new");
  asked.origin.beginning = recovered();
  return asked;
}

std::string refusal(const result<registered>& done) {
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::bad_config);
  return done.error().detail;
}

} // namespace

TEST_CASE("registration: a store comes back to its own cluster") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  CHECK(play.enter(of(play.asked("a", 1), "by a")).has_value());
  CHECK(play.enter(of(play.asked("b", 2), "by a")).has_value());
}

TEST_CASE("registration: a store of another cluster is refused") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto why = refusal(play.enter(of(play.asked("b", 2), "old")));
  CHECK(why.find("'orders' (id old)") != std::string::npos);
  CHECK(why.find("start again with an empty one") != std::string::npos);
  CHECK(play.world.range(members_prefix(play.prefix)).values.size() == 1);
}

TEST_CASE("registration: a store of a cluster makes no other one") {
  auto play = registry_play{};
  auto why = refusal(play.enter(of(play.asked("a", 1), "old")));
  CHECK(why.find("troupe recover") != std::string::npos);
  CHECK(play.world.range(play.prefix).values.empty());
}

TEST_CASE("registration: copies of an unknown cluster join where they are "
          "known") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  CHECK(play.enter(of(play.asked("a", 1), "")).has_value());
  refusal(play.enter(of(play.asked("a", 7), "")));
  refusal(play.enter(of(play.asked("b", 2), "")));
}

TEST_CASE("registration: a recovered cluster begins with its records") {
  auto play = registry_play{};
  auto done = play.enter(recovering(play.asked("b", 2)));
  REQUIRE(done.has_value());
  CHECK(done->meta == recovered().meta);
  CHECK(done->own.id == member_id{2});
  CHECK(done->own.incarnation == 1);
  for (std::size_t i = 0; i < groups; ++i) {
    auto key = group_key(play.prefix, group_id{static_cast<std::uint8_t>(i)});
    for (const auto& x : play.world.range(key).values)
      if (x.key == key)
        CHECK(decode_group(key, x.value).value() == recovered().groups[i]);
  }
  CHECK(play.world.range(groups_prefix(play.prefix)).values.size() == groups);
  // Numbers of those that were surveyed stay theirs.
  CHECK(play.enter(play.asked("c", 9))->own.id == member_id{3});
}

TEST_CASE("registration: whoever comes first makes the recovered cluster") {
  auto play = registry_play{};
  auto fresh = play.asked("d", 4);
  fresh.origin = {"orders", "new", false, recovered()};
  auto first = play.enter(fresh);
  REQUIRE(first.has_value());
  CHECK(first->own.id == member_id{3});
  auto second = play.enter(recovering(play.asked("b", 2)));
  REQUIRE(second.has_value());
  CHECK(second->own.id == member_id{2});
  CHECK(second->meta.cluster_id == "new");
}

TEST_CASE("registration: a recovery is not mixed with what is there") {
  auto play = registry_play{};
  SECTION("a cluster that an empty node made") {
    play.must_enter("a", 1);
    auto why = refusal(play.enter(recovering(play.asked("b", 2))));
    CHECK(why.find("move data_dir/etcd") != std::string::npos);
  }
  SECTION("keys without a cluster") {
    play.put(group_key(play.prefix, group_id{5}), "{}");
    auto why = refusal(play.enter(recovering(play.asked("b", 2))));
    CHECK(why.find(play.prefix) != std::string::npos);
  }
}

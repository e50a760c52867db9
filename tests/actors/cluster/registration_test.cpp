#include "actors/cluster/registration.hpp"
#include "engine/ring/slot_map.hpp"
#include "tests/actors/cluster/stepped_coordinator.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace troupe;
using namespace troupe::test;
using cluster::member_id;
using cluster::store_id;

namespace {

const auto prefix = cluster_prefix("test").value();

/// A coordinator, and nodes that want to be members.
struct registry_play {
  memory_world world;
  time_point now{std::chrono::hours{1}};
  std::vector<std::string> troubles;
  std::function<void()> while_waiting;
  int pauses = 0;
  int most_pauses = 100;
  std::unique_ptr<session> running; // of a member

  stepped_coordinator client(const std::string& name) {
    return {world, now, name};
  }

  registration asked(const std::string& name, unsigned disk) {
    auto made = registration{};
    made.prefix = prefix;
    made.name = name;
    made.own.store = store_id{1, disk};
    made.own.addr_repl = name + ":1";
    made.meta.groups = groups;
    made.meta.slots = slots;
    made.meta.replicas = 3;
    made.meta.cluster_id = "by " + name;
    made.is_over = [this] { return pauses >= most_pauses; };
    made.on_trouble = [this](const std::string& x) { troubles.push_back(x); };
    made.pause = [this](std::chrono::milliseconds) {
      ++pauses;
      if (while_waiting) while_waiting();
    };
    return made;
  }

  result<registered> enter(const registration& what) {
    auto at = client(what.name);
    return register_member(at, what);
  }

  registered must_enter(const std::string& name, unsigned disk) {
    auto done = enter(asked(name, disk));
    if (!done) FAIL(done.error().detail);
    return *done;
  }

  /// Shows a member as running, as it does itself.
  void show(coordinator& at, const std::string& name, const node_record& as) {
    at.open_session(
      duration{3000}, {[this](auto x) { running = std::move(x.value()); }, {}});
    while (!running) world.tick(now += duration{1});
    auto request = txn_request{};
    request.under = running->id();
    request.puts.push_back({node_key(prefix, name), encode(as)});
    REQUIRE(wait_for_txn(at, std::move(request)).outcome == txn_outcome::done);
  }
};

} // namespace

TEST_CASE("registration: the first member makes the cluster") {
  auto play = registry_play{};
  auto made = play.must_enter("a", 1);
  CHECK(made.own.id == member_id{1});
  CHECK(made.own.incarnation == 1);
  CHECK(made.own.state == cluster::member_state::up);
  CHECK(made.meta.cluster_id == "by a");
  auto kept = play.world.range(cluster_meta_key(prefix));
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
  auto at = play.client("b");
  auto key = member_key(prefix, "b");
  first.own.state = cluster::member_state::draining;
  auto request = txn_request{};
  request.puts.push_back({key, encode(first.own)});
  REQUIRE(wait_for_txn(at, request).outcome == txn_outcome::done);
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
  auto kept = play.world.range(member_key(prefix, "a"));
  REQUIRE(kept.values.size() == 1);
  CHECK(decode_node("", kept.values[0].value).value().store == store_id{1, 7});
}

TEST_CASE("registration: a number is not given again when its member is gone") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  play.must_enter("b", 2);
  auto at = play.client("operator");
  auto request = txn_request{};
  request.erases.push_back(member_key(prefix, "b"));
  REQUIRE(wait_for_txn(at, request).outcome == txn_outcome::done);
  CHECK(play.must_enter("c", 3).own.id == member_id{3});
  CHECK(play.must_enter("b", 2).own.id == member_id{4});
}

TEST_CASE("registration: the last number is not passed") {
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto at = play.client("operator");
  auto request = txn_request{};
  request.puts.push_back({prefix + "numbers/65535", "z"});
  REQUIRE(wait_for_txn(at, request).outcome == txn_outcome::done);
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
  CHECK(play.world.range(members_prefix(prefix)).values.size() == 1);
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

TEST_CASE("registration: a member's record that is damaged stops that one") {
  auto key =
    GENERATE(as<std::string>{}, member_key(prefix, "a"), node_key(prefix, "a"));
  auto play = registry_play{};
  play.must_enter("a", 1);
  auto at = play.client("somebody");
  auto request = txn_request{};
  request.puts.push_back({key, R"({"id":)"});
  REQUIRE(wait_for_txn(at, request).outcome == txn_outcome::done);
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
  auto at = play.client("somebody");
  auto request = txn_request{};
  auto text = GENERATE(as<std::string>{}, "", "7x", "70000", "x");
  request.puts.push_back({prefix + "numbers/" + text, "c"});
  REQUIRE(wait_for_txn(at, request).outcome == txn_outcome::done);
  CHECK(play.must_enter("b", 2).own.id == member_id{2});
  REQUIRE(play.troubles.size() == 1);
  CHECK(
    play.troubles[0]
    == "the coordinator's key '" + prefix + "numbers/" + text
         + "' does not end with a member's number; erase it");
}

TEST_CASE("registration: what cannot be read is not written over") {
  auto play = registry_play{};
  auto at = play.client("operator");
  auto request = txn_request{};
  request.puts.push_back({cluster_meta_key(prefix), "{"});
  REQUIRE(wait_for_txn(at, request).outcome == txn_outcome::done);
  auto done = play.enter(play.asked("a", 1));
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::corrupt);
  CHECK(play.world.range(members_prefix(prefix)).values.empty());
}

// -- what a store is of

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
  CHECK(play.world.range(members_prefix(prefix)).values.size() == 1);
}

TEST_CASE("registration: a store of a cluster makes no other one") {
  auto play = registry_play{};
  auto why = refusal(play.enter(of(play.asked("a", 1), "old")));
  CHECK(why.find("troupe recover") != std::string::npos);
  CHECK(play.world.range(prefix).values.empty());
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
    auto key = group_key(prefix, group_id{static_cast<std::uint8_t>(i)});
    for (const auto& x : play.world.range(key).values)
      if (x.key == key)
        CHECK(decode_group(key, x.value).value() == recovered().groups[i]);
  }
  CHECK(play.world.range(groups_prefix(prefix)).values.size() == groups);
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
    auto at = play.client("operator");
    auto request = txn_request{};
    request.puts.push_back({group_key(prefix, group_id{5}), "{}"});
    REQUIRE(wait_for_txn(at, request).outcome == txn_outcome::done);
    auto why = refusal(play.enter(recovering(play.asked("b", 2))));
    CHECK(why.find(prefix) != std::string::npos);
  }
}

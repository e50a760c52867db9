#include "tests/actors/cluster/membership_stage.hpp"

using namespace troupe;
using namespace troupe::test;

namespace {

/// A record that a member is content with.
cluster::group_record
a_record(const node_record& leader, cluster::epoch_number epoch = 1) {
  auto made = cluster::group_record{};
  made.epoch = epoch;
  made.leader = leader.id;
  made.replicas = {leader.id};
  made.in_sync = {{leader.id, leader.store}};
  return made;
}

/// Returns what became of a swap that nobody else is about to make.
std::optional<replicas::swapped> swap(
  membership_stage& set,
  const std::string& by,
  cluster::revision_number expected,
  const cluster::group_record& to) {
  auto asked = membership::swap{group_id{5}, {77, expected, to}};
  set.box.tell(set.members.at(by).actor, asked);
  set.run(4s);
  return set.box.take<replicas::swapped>();
}

} // namespace

TEST_CASE("membership_actor: a member is shown while it runs") {
  auto set = membership_stage{3};
  set.start("a");
  set.start("b");
  set.run(200ms);
  auto seen = set.view("a");
  CHECK(seen.trouble.empty());
  REQUIRE(seen.members.size() == 2);
  CHECK(seen.members.at("a").is_running);
  CHECK(seen.members.at("b").is_running);
  CHECK(set.members.at("a").links->known.size() == 2);
  set.kill("b");
  set.run(5s);
  seen = set.view("a");
  CHECK_FALSE(seen.members.at("b").is_running);
  CHECK(set.members.at("a").seen.back() == std::pair{member_id{2}, false});
  CHECK(set.members.at("a").links->known.size() == 2); // it may come back
}

TEST_CASE("membership_actor: who decides makes the groups' records") {
  auto set = membership_stage{2};
  set.start("a");
  set.run(200ms);
  CHECK(set.view("a").controller == "a");
  CHECK(set.records() == 0); // too few members
  set.start("b");
  set.run(500ms);
  CHECK(set.records() == groups);
  for (const auto* name : {"a", "b"}) {
    CHECK(set.view(name).groups.size() == groups);
    CHECK(set.members.at(name).leaders.size() == groups);
  }
  auto told = std::size_t{0};
  while (set.box.take<replicas::record>()) ++told;
  CHECK(told >= 2 * groups);
}

TEST_CASE("membership_actor: the feature level is what all members know") {
  auto set = membership_stage{2};
  auto level = [&set] { return set.view("a").meta->feature_level; };
  set.start("a", 1);
  set.start("b", 1);
  set.run(200ms);
  REQUIRE(level() == 1);
  set.kill("a"); // upgraded, one after the other
  set.run(6s);
  set.start("a", 3);
  set.run(500ms);
  CHECK(level() == 1);
  set.kill("b");
  set.run(6s);
  CHECK(level() == 1); // it may come back as it was
  set.start("b", 2);
  set.run(500ms);
  CHECK(level() == 2);
  CHECK(set.view("b").meta->feature_level == 2);
}

TEST_CASE("membership_actor: one decides, and another when that has gone") {
  auto set = membership_stage{3};
  set.start("a");
  set.run(200ms);
  set.start("b");
  set.run(200ms);
  CHECK(set.view("a").controller == "a");
  CHECK(set.view("b").controller == "a");
  set.kill("a");
  set.run(5s);
  CHECK(set.view("b").controller == "b");
  set.start("a");
  set.start("c");
  set.run(500ms);
  CHECK(set.records() == groups); // b makes them
  CHECK(set.view("a").controller == "b");
}

TEST_CASE("membership_actor: the turn is taken from one out of reach") {
  auto set = membership_stage{3};
  auto a = set.start("a").own.id;
  set.run(200ms);
  auto b = set.start("b").own.id;
  set.run(200ms);
  REQUIRE(set.view("b").controller == "a");
  set.net.cut(b, a);
  set.run(1s);
  CHECK(set.view("b").controller == "a"); // who reaches nobody takes nothing
  set.net.heal(b, a);
  set.start("c");
  set.run(200ms);
  set.net.cut(b, a);
  set.run(400ms);
  CHECK(set.view("b").controller == "a"); // it may be back at once
  set.run(600ms);
  CHECK(set.view("b").controller == "b"); // long before the session ends
  CHECK(set.view("a").controller == "b");
}

TEST_CASE("membership_actor: who takes the turn hears who is out of reach") {
  auto set = membership_stage{3};
  for (const auto* name : {"a", "b", "c"}) {
    set.start(name);
    set.run(200ms);
  }
  set.run(500ms);
  REQUIRE(set.records() == groups);
  while (set.box.take<replicas::ask_end>()) {
  }
  auto a = set.members.at("a").own.id;
  for (const auto* name : {"b", "c"}) {
    set.net.cut(set.members.at(name).own.id, a);
    set.net.cut(a, set.members.at(name).own.id);
  }
  set.run(1500ms); // its session goes on for long
  REQUIRE(set.view("b").members.at("a").is_running);
  CHECK(set.view("b").controller != "a");
  CHECK(set.box.take<replicas::ask_end>()); // what "a" led gets leaders
}

TEST_CASE("membership_actor: who is back at once has the turn all the time") {
  auto set = membership_stage{3};
  set.sees_ends = true;
  for (const auto* name : {"a", "b", "c"}) {
    set.start(name);
    set.run(200ms);
  }
  REQUIRE(set.view("b").controller == "a");
  set.world.cut("a"); // its session is not ended in order
  set.kill("a");
  set.run(50ms);
  set.world.heal("a");
  CHECK(set.start("a").own.incarnation == 2);
  set.run(200ms);
  REQUIRE(set.view("a").controller == "a");
  auto before = set.world.range(controller_key(set.prefix)).values.at(0);
  set.run(8s); // the session of its last run ends
  auto after = set.world.range(controller_key(set.prefix)).values.at(0);
  CHECK(after == before);
  CHECK(set.view("c").members.at("a").is_running);
}

TEST_CASE("membership_actor: a session that ends by itself is opened again") {
  auto set = membership_stage{3};
  set.start("a");
  set.run(200ms);
  set.world.end_sessions("a");
  set.run(5s);
  CHECK(set.view("a").members.at("a").is_running);
  CHECK(set.view("a").controller == "a");
  set.start("b");
  set.start("c");
  set.run(500ms);
  CHECK(set.records() == groups);
}

TEST_CASE("membership_actor: a turn whose answer is lost is taken") {
  auto set = membership_stage{3};
  set.start("a");
  set.run(200ms);
  set.start("b");
  set.run(200ms);
  set.world.set_faults({.lost_replies = 1});
  set.kill("a");
  set.run(8s);
  set.world.set_faults({});
  set.run(4s);
  CHECK(set.view("b").controller == "b");
  set.start("c");
  set.start("d");
  set.run(500ms);
  CHECK(set.records() == groups);
}

TEST_CASE("membership_actor: a turn whose request is lost is asked for again") {
  auto set = membership_stage{3};
  set.start("a");
  set.run(200ms);
  set.start("b");
  set.run(200ms);
  set.kill("a");
  set.world.set_faults({.lost_requests = 1});
  set.run(3500ms);
  set.world.set_faults({});
  set.run(8s);
  CHECK(set.view("b").controller == "b");
}

TEST_CASE("membership_actor: one that was removed gets no copies") {
  auto set = membership_stage{3};
  set.start("a");
  set.run(200ms);
  auto gone = set.start("b").own.id;
  set.run(200ms);
  auto request = txn_request{};
  request.erases.push_back(member_key(set.prefix, "b"));
  set.change(request);
  set.run(100ms);
  CHECK_FALSE(set.view("a").members.contains("b"));
  CHECK_FALSE(set.members.at("a").links->known.contains(gone));
  set.start("c");
  set.start("d");
  set.run(500ms);
  CHECK(set.records() == groups);
  for (const auto& [group, x] : set.view("a").groups)
    CHECK_FALSE(x.first.has(gone));
}

TEST_CASE("membership_actor: a swap is done, or conflicts, or nobody knows") {
  auto set = membership_stage{3};
  auto own = set.start("a").own;
  set.run(200ms);
  auto first = swap(set, "a", 0, a_record(own));
  REQUIRE(first);
  CHECK(first->how == replicas::swapped::outcome::done);
  CHECK(first->group == group_id{5});
  CHECK(first->number == 77);
  auto kept = set.world.range(group_key(set.prefix, group_id{5}));
  REQUIRE(kept.values.size() == 1);
  CHECK(first->revision == kept.values[0].changed);
  SECTION("a conflict tells what there is") {
    auto other = swap(set, "a", first->revision - 1, a_record(own, 9));
    REQUIRE(other);
    CHECK(other->how == replicas::swapped::outcome::conflict);
    CHECK(other->revision == first->revision);
    CHECK(other->current == a_record(own));
  }
  SECTION("what is expected and not there is not known") {
    auto request = txn_request{};
    request.erases.push_back(group_key(set.prefix, group_id{5}));
    set.change(request);
    auto other = swap(set, "a", first->revision, a_record(own));
    REQUIRE(other);
    CHECK(other->how == replicas::swapped::outcome::unknown);
  }
  SECTION("without an answer nobody knows") {
    set.world.set_faults({.lost_requests = 1});
    auto other = swap(set, "a", first->revision, a_record(own));
    REQUIRE(other);
    CHECK(other->how == replicas::swapped::outcome::unknown);
  }
}

TEST_CASE("membership_actor: a record is read anew when it is asked for") {
  auto set = membership_stage{3};
  auto own = set.start("a").own;
  set.run(200ms);
  REQUIRE(swap(set, "a", 0, a_record(own)));
  while (set.box.take<replicas::record>()) {
  }
  set.box.tell(set.members.at("a").actor, membership::read_record{group_id{5}});
  set.run(100ms);
  auto told = set.box.take<replicas::record>();
  REQUIRE(told);
  CHECK(told->what == a_record(own));
  CHECK(told->group == group_id{5});
}

TEST_CASE("membership_actor: who missed changes reads all anew") {
  auto set = membership_stage{3};
  auto own = set.start("a").own;
  auto gone = set.start("b").own.id;
  set.run(200ms);
  set.world.cut("a");
  set.run(1s);
  auto request = txn_request{};
  request.erases.push_back(member_key(set.prefix, "b"));
  request.erases.push_back(node_key(set.prefix, "b"));
  request.puts.push_back(
    {group_key(set.prefix, group_id{5}), encode(a_record(own, 7))});
  set.change(request);
  set.world.compact();
  CHECK(set.view("a").members.contains("b"));
  set.world.heal("a");
  set.run(8s);
  auto seen = set.view("a");
  CHECK_FALSE(seen.members.contains("b"));
  CHECK_FALSE(set.members.at("a").links->known.contains(gone));
  REQUIRE(seen.groups.contains(group_id{5}));
  CHECK(seen.groups.at(group_id{5}).first == a_record(own, 7));
  CHECK(set.members.at("a").leaders[group_id{5}] == own.id);
}

TEST_CASE(
  "membership_actor: a coordinator that is away is said and waited for") {
  auto set = membership_stage{3};
  set.start("a");
  set.world.cut("a");
  set.run(5s);
  CHECK_FALSE(set.view("a").trouble.empty());
  set.world.heal("a");
  set.run(8s);
  CHECK(set.view("a").trouble.empty());
  CHECK(set.view("a").controller == "a");
}

TEST_CASE("membership_actor: hints go to all and do what they say") {
  auto set = membership_stage{3};
  set.start("a");
  set.start("b");
  set.run(200ms);
  auto links = set.members.at("b").links;
  auto to = set.members.at("a").own.id;
  links->send(
    to, message_kind::controller,
    encode(controller_hint{move_asked{group_id{3}, member_id{2}}}));
  links->send(to, message_kind::controller, "{}");
  links->send(
    to, message_kind::controller,
    encode(controller_hint{end_asked{group_id{4}}}));
  set.run(10ms);
  auto move = set.box.take<replicas::move>();
  REQUIRE(move);
  CHECK(move->group == group_id{3});
  CHECK(move->to == member_id{2});
  auto asked = set.box.take<replicas::ask_end>();
  REQUIRE(asked);
  CHECK(asked->group == group_id{4});
  CHECK(asked->by == set.members.at("b").own.id);
  // Not known who decides: all others hear it.
  set.box.tell(
    set.members.at("a").actor, membership::leader_wanted{group_id{1}, 3, to});
  REQUIRE(set.net.waiting().size() == 1);
  CHECK(
    decode_hint(set.net.waiting()[0].bytes).value()
    == controller_hint{leader_asked{group_id{1}, 3}});
}

TEST_CASE("membership_actor: records that cannot be read are left out") {
  auto set = membership_stage{3};
  set.start("a");
  set.start("b");
  set.run(200ms);
  auto request = txn_request{};
  request.puts.push_back({group_key(set.prefix, group_id{5}), "{"});
  request.puts.push_back({member_key(set.prefix, "z"), "[]"});
  request.puts.push_back({node_key(set.prefix, "y"), "7"});
  request.puts.push_back({set.prefix + "later/x", "?"});
  set.change(request);
  set.run(200ms);
  CHECK(set.view("a").groups.empty());
  CHECK(set.view("a").members.size() == 2);
  set.kill("b");
  set.run(5s);
  CHECK_FALSE(set.view("a").members.at("b").is_running);
}

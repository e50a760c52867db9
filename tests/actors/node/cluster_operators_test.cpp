#include "actors/node/cluster_operators.hpp"
#include "tests/actors/cluster/membership_stage.hpp"

// What an operator of one member sees of a cluster and changes.

using namespace troupe;
using namespace troupe::test;
using cluster::member_state;

namespace {

struct operator_stage : membership_stage {
  explicit operator_stage(std::size_t of) : membership_stage{of} {
    truth = std::make_shared<stepped_coordinator>(world, now, "operator");
  }

  cluster_places places(const std::string& at) {
    auto made = operator_places{};
    made.truth = truth;
    made.board = members.at(at).board;
    made.config.name = "test";
    made.config.replicas = 2;
    made.prefix = prefix;
    made.self = at;
    return make_cluster_places(std::move(made));
  }

  std::shared_ptr<stepped_coordinator> truth;
};

member_state state_of(const operator_stage& set, const std::string& name) {
  auto kept = set.world.range(member_key(set.prefix, name));
  REQUIRE(kept.values.size() == 1);
  return decode_node("", kept.values[0].value).value().state;
}

} // namespace

TEST_CASE("cluster_operators: a report says who is there and who leads") {
  auto set = operator_stage{2};
  set.start("a");
  set.run(200ms);
  set.start("b");
  set.run(500ms);
  auto told = set.places("b").report();
  CHECK(told.name == "test");
  CHECK(told.self == "b");
  CHECK(told.replicas == 2);
  CHECK(told.coordinator == "answers; a decides");
  REQUIRE(told.members.size() == 2);
  CHECK(told.members[0].name == "a");
  CHECK(told.members[0].is_up);
  CHECK(told.members[0].keeps == groups);
  CHECK(told.members[0].leads + told.members[1].leads == groups);
  CHECK(told.members[0].behind == 0);
  CHECK(told.groups.size() == groups);
  CHECK(told.moves.empty());
}

TEST_CASE("cluster_operators: a report says what is under way") {
  auto set = operator_stage{2};
  auto own = set.start("a").own;
  set.run(200ms);
  auto record = cluster::group_record{};
  record.epoch = 1;
  record.leader = own.id;
  record.replicas = {own.id, member_id{7}};
  record.in_sync = {{own.id, own.store}};
  record.adding = {member_id{8}};
  record.removing = {member_id{7}};
  auto request = txn_request{};
  request.puts.push_back({group_key(set.prefix, group_id{5}), encode(record)});
  set.change(request);
  set.run(50ms);
  auto told = set.places("a").report();
  CHECK(
    told.moves
    == std::vector<std::string>{
      "group 5: a copy is made on member 8",
      "group 5: the copy on member 7 goes"});
}

TEST_CASE("cluster_operators: a report says what is wrong") {
  auto set = operator_stage{2};
  set.start("a");
  set.world.cut("a");
  set.run(5s);
  auto told = set.places("a").report().coordinator;
  CHECK(told == set.view("a").trouble);
  CHECK_FALSE(told.empty());
}

TEST_CASE("cluster_operators: a member is drained and joins again") {
  auto set = operator_stage{2};
  set.start("a");
  set.start("b");
  set.run(500ms);
  auto all = set.places("a");
  REQUIRE(all.set_state("b", member_state::draining).has_value());
  CHECK(state_of(set, "b") == member_state::draining);
  set.run(100ms);
  CHECK(all.report().members[1].state == member_state::draining);
  REQUIRE(all.set_state("b", member_state::up).has_value());
  CHECK(state_of(set, "b") == member_state::up);
}

TEST_CASE("cluster_operators: what somebody just changed is not undone") {
  auto set = operator_stage{2};
  set.start("a");
  set.run(200ms);
  auto all = set.places("a");
  REQUIRE(all.set_state("a", member_state::draining).has_value());
  // The member has not heard of it yet.
  auto again = all.set_state("a", member_state::up);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == errc::refused);
  CHECK(again.error().detail.ends_with("try again"));
  CHECK(state_of(set, "a") == member_state::draining);
  CHECK_FALSE(all.remove("a").has_value());
  set.run(100ms);
  CHECK(all.set_state("a", member_state::up).has_value());
}

TEST_CASE("cluster_operators: a member that is removed is forgotten") {
  auto set = operator_stage{2};
  set.start("a");
  set.start("b");
  set.run(200ms);
  auto all = set.places("a");
  REQUIRE(all.remove("b").has_value());
  CHECK(set.world.range(member_key(set.prefix, "b")).values.empty());
  set.run(100ms);
  CHECK(all.report().members.size() == 1);
}

TEST_CASE("cluster_operators: nobody is not changed") {
  auto set = operator_stage{2};
  set.start("a");
  set.run(200ms);
  auto all = set.places("a");
  auto changed = all.set_state("x", member_state::up);
  REQUIRE_FALSE(changed.has_value());
  CHECK(changed.error().code == errc::not_found);
  auto removed = all.remove("x");
  REQUIRE_FALSE(removed.has_value());
  CHECK(removed.error().code == errc::not_found);
  CHECK(set.world.range(member_key(set.prefix, "x")).values.empty());
}

TEST_CASE("cluster_operators: a coordinator that is away takes nothing") {
  auto set = operator_stage{2};
  set.start("a");
  set.run(200ms);
  set.world.cut("operator");
  auto done = set.places("a").set_state("a", member_state::draining);
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::refused);
  CHECK(state_of(set, "a") == member_state::up);
}

TEST_CASE("cluster_operators: a plan is of those that run") {
  auto set = operator_stage{2};
  set.start("a");
  set.start("b");
  set.start("c");
  set.run(1s);
  auto all = set.places("a");
  CHECK(all.plan(std::nullopt).has_value());
  CHECK(all.plan("b").has_value());
  CHECK_FALSE(all.plan("x").has_value());
}

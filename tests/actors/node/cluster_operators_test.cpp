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

  cluster_places places(
    const std::string& at,
    std::function<std::uint64_t(group_id)> bytes_of = {}) {
    auto made = operator_places{};
    made.truth = truth;
    made.board = members.at(at).board;
    made.config.name = "test";
    made.config.replicas = 2;
    made.prefix = prefix;
    made.self = at;
    made.bytes_of = std::move(bytes_of);
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
  CHECK(all.plan({}).has_value());
  CHECK(all.plan({"b", {}}).has_value());
  CHECK_FALSE(all.plan({"x", {}}).has_value());
}

TEST_CASE("cluster_operators: a plan goes by the groups' numbers") {
  auto set = operator_stage{2};
  auto own = set.start("a").own;
  set.run(200ms);
  // Of all groups only the last one is there, kept by somebody else.
  auto record = cluster::group_record{};
  record.epoch = 1;
  record.leader = member_id{7};
  record.replicas = {member_id{7}};
  auto request = txn_request{};
  request.puts.push_back({group_key(set.prefix, group_id{63}), encode(record)});
  set.change(request);
  set.run(50ms);
  auto plan = set.places("a").plan({{}, 1});
  REQUIRE(plan.has_value());
  REQUIRE(plan->moves.size() == 2);
  for (const auto& x : plan->moves) {
    CHECK(x.group == group_id{63});
    CHECK(x.to == "a");
  }
  CHECK(plan->copies_unknown == 1);
}

TEST_CASE("cluster_operators: bytes are told of groups that are here") {
  auto set = operator_stage{2};
  set.start("a");
  set.start("b");
  set.run(500ms);
  set.start("c");
  set.run(500ms);
  auto here = set.places(
    "a", [](group_id group) { return 1000u + static_cast<unsigned>(group); });
  auto report = here.report();
  REQUIRE(report.groups.size() == groups);
  for (unsigned g = 0; g < groups; ++g) {
    CHECK(report.groups[g].group == static_cast<group_id>(g));
    CHECK(report.groups[g].bytes == 1000u + g);
  }
  auto plan = here.plan({"b", {}});
  REQUIRE(plan.has_value());
  auto copies = 0;
  for (const auto& x : plan->moves) {
    if (x.kind == cluster::ring_change_kind::leader) continue;
    CHECK(x.bytes == 1000u + static_cast<unsigned>(x.group));
    ++copies;
  }
  CHECK(copies > 0);
  CHECK(plan->copies_unknown == 0);
  for (const auto& x : set.places("c").report().groups)
    CHECK_FALSE(x.bytes.has_value());
}

TEST_CASE("cluster_operators: replicas are changed for good and for all") {
  auto set = operator_stage{2};
  set.start("a");
  set.start("b");
  set.start("c");
  set.run(1s);
  auto all = set.places("b");
  REQUIRE(all.set_replicas(3).has_value());
  set.run(100ms);
  for (const auto* name : {"a", "b", "c"})
    CHECK(set.places(name).report().replicas == 3);
  auto kept = set.world.range(cluster_meta_key(set.prefix)).values;
  REQUIRE(kept.size() == 1);
  auto meta = decode_meta("", kept[0].value).value();
  CHECK(meta.replicas == 3);
  CHECK(meta.cluster_id == "x"); // the rest is as it was
  // Whoever decides begins with two groups.
  auto adding = 0;
  for (const auto& [group, x] : set.view("a").groups)
    adding += !x.first.adding.empty();
  CHECK(adding == 2);
}

TEST_CASE("cluster_operators: replicas that are changed at a time are not") {
  auto set = operator_stage{2};
  set.start("a");
  set.run(200ms);
  set.truth->before_txn = [&] {
    auto meta = cluster_meta{};
    meta.groups = groups;
    meta.replicas = 5;
    auto request = txn_request{};
    request.puts.push_back({cluster_meta_key(set.prefix), encode(meta)});
    set.change(request);
  };
  auto done = set.places("a").set_replicas(3);
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::refused);
  CHECK(done.error().detail.ends_with("try again"));
  set.run(100ms);
  CHECK(set.places("a").report().replicas == 5);
}

TEST_CASE("cluster_operators: a cluster without its terms is not changed") {
  auto set = operator_stage{2};
  set.start("a");
  auto request = txn_request{};
  request.erases.push_back(cluster_meta_key(set.prefix));
  set.change(request);
  auto done = set.places("a").set_replicas(3);
  REQUIRE_FALSE(done.has_value());
  CHECK(done.error().code == errc::not_found);
}

TEST_CASE("cluster_operators: who takes the turn goes by what was changed") {
  auto set = operator_stage{2};
  set.start("a");
  set.run(200ms);
  REQUIRE(set.records() == 0); // one is too few
  set.kill("a");
  REQUIRE(set.places("a").set_replicas(1).has_value());
  set.start("b"); // whose rules begin with two
  set.run(6s);
  REQUIRE(set.view("b").controller == "b");
  REQUIRE(set.view("b").groups.size() == groups);
  for (const auto& [group, x] : set.view("b").groups) {
    CHECK(x.first.replicas.size() == 1);
    CHECK(x.first.min_in_sync == 1);
  }
}

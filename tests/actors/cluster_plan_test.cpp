#include "actors/cluster_plan.hpp"
#include "engine/ring/slot_map.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <algorithm>

using namespace troupe;
using cluster::member_id;
using cluster::ring_change_kind;

namespace {

member_id id(std::size_t number) { return static_cast<member_id>(number); }

/// Members n1, n2, ... that keep all groups as the ring wants it.
ring_picture in_order(std::size_t members, std::uint32_t replicas) {
  auto out = ring_picture{};
  out.replicas = replicas;
  for (std::size_t i = 1; i <= members; ++i)
    out.members.push_back({id(i), "n" + std::to_string(i)});
  for (const auto& list : cluster::plan_ring(out.members, replicas)) {
    auto record = cluster::group_record{};
    record.epoch = 1;
    record.replicas = list;
    record.leader = list.front();
    for (auto x : list) record.in_sync.push_back({x, {}});
    out.groups.push_back(record);
    out.group_bytes.push_back(1000);
  }
  return out;
}

plan_wish wish_without(const std::string& member) { return {member, {}}; }

plan_wish with_replicas(std::uint32_t count) { return {{}, count}; }

std::uint32_t sum(
  const std::vector<planned_share>& shares,
  std::uint32_t planned_share::*counted) {
  auto out = std::uint32_t{0};
  for (const auto& x : shares) out += x.*counted;
  return out;
}

std::size_t count(const cluster_plan& plan, ring_change_kind kind) {
  return static_cast<std::size_t>(
    std::ranges::count(plan.moves, kind, &planned_move::kind));
}

} // namespace

TEST_CASE("cluster_plan: a ring in order needs no moves") {
  auto plan = plan_of(in_order(3, 3), {});
  REQUIRE(plan.has_value());
  CHECK(plan->moves.empty());
  CHECK_FALSE(plan->has_too_few);
  REQUIRE(plan->shares.size() == 3);
  CHECK(plan->shares[0].keeps == 64);
  CHECK(sum(plan->shares, &planned_share::leads) == 64);
}

TEST_CASE("cluster_plan: without a member its groups go to the others") {
  auto plan = plan_of(in_order(4, 3), wish_without("n2"));
  REQUIRE(plan.has_value());
  CHECK_FALSE(plan->has_too_few);
  const auto& gone = plan->shares[1];
  CHECK(gone.name == "n2");
  CHECK(gone.leads > 0);
  CHECK(gone.will_lead == 0);
  CHECK(gone.keeps == 48);
  CHECK(gone.will_keep == 0);
  CHECK(sum(plan->shares, &planned_share::will_lead) == 64);
  CHECK(sum(plan->shares, &planned_share::will_keep) == 192);
  for (const auto& x : plan->moves) CHECK(x.to != "n2");
}

TEST_CASE("cluster_plan: copies are told with the bytes of their groups") {
  auto now = in_order(4, 3);
  now.group_bytes.resize(63); // of the last one nothing is known
  auto plan = plan_of(now, wish_without("n2"));
  REQUIRE(plan.has_value());
  now.group_bytes[62].reset();
  plan = plan_of(now, wish_without("n2"));
  REQUIRE(plan.has_value());
  auto unknown = std::uint32_t{0};
  for (const auto& x : plan->moves) {
    auto is_copy = x.kind == ring_change_kind::replica;
    auto is_known = is_copy && x.group < group_id{62};
    CHECK(x.bytes == (is_known ? 1000u : 0u));
    unknown += is_copy && !is_known;
  }
  CHECK(plan->copies_unknown == unknown);
}

TEST_CASE("cluster_plan: with too few members left only leaders move") {
  auto now = in_order(3, 3);
  auto plan = plan_of(now, wish_without("n3"));
  REQUIRE(plan.has_value());
  CHECK(plan->has_too_few);
  CHECK(count(*plan, ring_change_kind::replica) == 0);
  CHECK(plan->shares[2].will_lead == 0);
  CHECK(plan->shares[2].will_keep == 64);
  CHECK(sum(plan->shares, &planned_share::will_lead) == 64);
}

TEST_CASE("cluster_plan: nobody leads who is not in sync") {
  auto now = in_order(3, 3);
  for (auto& record : now.groups)
    std::erase_if(
      record.in_sync, [](const auto& x) { return x.member != id(3); });
  auto plan = plan_of(now, wish_without("n3"));
  REQUIRE(plan.has_value());
  CHECK(plan->moves.empty());
}

TEST_CASE("cluster_plan: a member that is new takes a share") {
  auto now = in_order(3, 3);
  now.members.push_back({id(4), "n4", cluster::member_state::joining});
  auto plan = plan_of(now, {});
  REQUIRE(plan.has_value());
  CHECK(plan->shares[3].keeps == 0);
  CHECK(plan->shares[3].will_keep == 48);
  CHECK(sum(plan->shares, &planned_share::will_keep) == 192);
}

TEST_CASE("cluster_plan: more replicas are copies, and no leader moves") {
  auto now = in_order(5, 3);
  auto plan = plan_of(now, with_replicas(5));
  REQUIRE(plan.has_value());
  CHECK(plan->replicas == 5);
  CHECK(plan->moves.size() == 128);
  for (const auto& x : plan->moves) {
    CHECK(x.kind == ring_change_kind::replica);
    CHECK(x.from.empty());
    CHECK(x.bytes == 1000);
  }
  CHECK(sum(plan->shares, &planned_share::will_keep) == 320);
}

TEST_CASE("cluster_plan: fewer replicas are copies that go") {
  auto now = in_order(5, 5);
  auto plan = plan_of(now, with_replicas(3));
  REQUIRE(plan.has_value());
  CHECK(plan->moves.size() == 128);
  for (const auto& x : plan->moves) {
    CHECK(x.kind == ring_change_kind::replica);
    CHECK(x.to.empty());
  }
  CHECK(sum(plan->shares, &planned_share::will_keep) == 192);
}

TEST_CASE("cluster_plan: as many replicas as there are is nothing to do") {
  auto plan = plan_of(in_order(4, 3), with_replicas(3));
  REQUIRE(plan.has_value());
  CHECK(plan->moves.empty());
}

TEST_CASE("cluster_plan: replicas that cannot be kept are refused") {
  auto now = in_order(5, 3);
  for (auto count : {0u, 6u, 4'000'000'000u}) {
    auto plan = plan_of(now, with_replicas(count));
    REQUIRE_FALSE(plan.has_value());
    CHECK(plan.error().code == errc::bad_input);
    CHECK(plan.error().detail.find("a group has 1 to 5 replicas") == 0);
  }
  now.members[4].state = cluster::member_state::draining;
  CHECK(plan_of(now, with_replicas(4)).has_value());
  auto plan = plan_of(now, with_replicas(5));
  REQUIRE_FALSE(plan.has_value());
  CHECK(
    plan.error().detail.find(
      "5 replicas need as many members, and 4 are up and do not drain")
    == 0);
}

TEST_CASE("cluster_plan: a name that nobody has gets the one that was meant") {
  auto now = in_order(3, 3);
  now.members[1].name = "node-west";
  auto plan = plan_of(now, wish_without("node-wset"));
  REQUIRE_FALSE(plan.has_value());
  CHECK(plan.error().code == errc::not_found);
  CHECK(
    plan.error().detail
    == "no member is called 'node-wset'; did you mean 'node-west'?");
}

TEST_CASE("cluster_plan: the last member cannot go") {
  auto plan = plan_of(in_order(1, 1), wish_without("n1"));
  REQUIRE_FALSE(plan.has_value());
  CHECK(plan.error().code == errc::bad_input);
}

TEST_CASE("cluster_plan: groups that nobody made yet do not move") {
  auto now = in_order(3, 3);
  for (auto& record : now.groups) record = {};
  CHECK(plan_of(now, {})->moves.empty());
  CHECK(plan_of(now, wish_without("n1"))->moves.empty());
  now.groups.clear();
  CHECK(plan_of(now, wish_without("n1"))->moves.empty());
}

TEST_CASE("cluster_plan: JSON counts leaders, copies and bytes") {
  auto plan = cluster_plan{};
  plan.moves = {
    {group_id{1}, ring_change_kind::leader, "n1", "n2", 0},
    {group_id{2}, ring_change_kind::replica, "n1", "n3", 500},
    {group_id{3}, ring_change_kind::replica, "", "n3", 70},
    {group_id{4}, ring_change_kind::replica, "n1", "", 0}};
  plan.shares = {{"n1", 1, 0, 3, 1}};
  plan.replicas = 3;
  plan.copies_unknown = 1;
  CHECK(
    to_json(plan)
    == boost::json::parse(R"({"ok": true, "replicas": 3, "leaders": 1,
      "copies": 2, "dropped": 1, "bytes": 570, "unknown": 1,
      "too_few_members": false,
      "members": [{"member": "n1", "leads": 1, "will_lead": 0, "keeps": 3,
                   "will_keep": 1}],
      "rows": [
        {"group": 1, "move": "leader", "from": "n1", "to": "n2", "bytes": 0},
        {"group": 2, "move": "copy", "from": "n1", "to": "n3", "bytes": 500},
        {"group": 3, "move": "new copy", "from": "", "to": "n3", "bytes": 70},
        {"group": 4, "move": "copy goes", "from": "n1", "to": "",
         "bytes": 0}]})"));
}

#include "engine/cluster/ring_plan.hpp"
#include "engine/ring/slot_map.hpp"
#include "tests/support/slow_build.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace troupe;
using namespace troupe::cluster;

namespace {

/// Returns how many clusters are looked at, of so many in a fast build.
constexpr int most(int clusters) {
  return test::is_slow_build ? clusters / 20 : clusters;
}

/// Members 1 to `count`, under names of cluster number `seed`.
std::vector<ring_member> members_of(int count, int seed) {
  auto all = std::vector<ring_member>{};
  for (int i = 1; i <= count; ++i) {
    auto name = "node-" + std::to_string(seed * 31) + '-' + std::to_string(i);
    all.push_back({static_cast<member_id>(i), name, member_state::up});
  }
  return all;
}

using shares = std::map<member_id, std::size_t>;

shares leads(const std::vector<replica_list>& plan) {
  auto all = shares{};
  for (const auto& x : plan) ++all[x.front()];
  return all;
}

shares holds(const std::vector<replica_list>& plan) {
  auto all = shares{};
  for (const auto& x : plan)
    for (auto member : x) ++all[member];
  return all;
}

std::size_t moved_leaders(
  const std::vector<replica_list>& before,
  const std::vector<replica_list>& after) {
  auto count = std::size_t{0};
  for (std::size_t g = 0; g < groups; ++g)
    count += before[g].front() != after[g].front();
  return count;
}

std::size_t new_copies(
  const std::vector<replica_list>& before,
  const std::vector<replica_list>& after) {
  auto count = std::size_t{0};
  for (std::size_t g = 0; g < groups; ++g)
    for (auto x : after[g])
      count += std::ranges::find(before[g], x) == before[g].end();
  return count;
}

std::size_t bound(std::size_t places, std::size_t members) {
  return static_cast<std::size_t>(std::ceil(
    static_cast<double>(places) / static_cast<double>(members) * 1.15));
}

} // namespace

TEST_CASE("ring_plan: lists have as many members as replicas", "[ring_plan]") {
  for (int count = 1; count <= 9; ++count) {
    auto plan = plan_ring(members_of(count, 1), 3);
    REQUIRE(plan.size() == groups);
    for (const auto& x : plan) {
      CHECK(x.size() == static_cast<std::size_t>(std::min(count, 3)));
      CHECK(std::set<member_id>(x.begin(), x.end()).size() == x.size());
    }
  }
}

TEST_CASE("ring_plan: nobody has more than 1.15 even shares", "[ring_plan]") {
  for (int seed = 0; seed < most(100); ++seed)
    for (int count = 1; count <= 12; ++count)
      for (std::size_t replicas : {1, 3, 5}) {
        const auto n = static_cast<std::size_t>(count);
        auto plan = plan_ring(members_of(count, seed), replicas);
        auto most = bound(groups * std::min(replicas, n), n);
        for (auto& [id, held] : holds(plan)) REQUIRE(held <= most);
        auto leaders = leads(plan);
        REQUIRE(leaders.size() == n);
        for (auto& [id, led] : leaders) REQUIRE(led <= bound(groups, n));
      }
}

TEST_CASE("ring_plan: three members lead evenly within 15 %", "[ring_plan]") {
  for (int seed = 0; seed < most(300); ++seed)
    for (auto& [id, led] : leads(plan_ring(members_of(3, seed), 3)))
      REQUIRE(static_cast<double>(led) == Approx(64 / 3.0).epsilon(0.15));
}

TEST_CASE("ring_plan: a new member moves its share alone", "[ring_plan]") {
  for (int seed = 0; seed < most(300); ++seed) {
    auto before = plan_ring(members_of(3, seed), 3);
    auto after = plan_ring(members_of(4, seed), 3);
    REQUIRE(moved_leaders(before, after) <= 64 * 30 / 100);
    REQUIRE(new_copies(before, after) <= 64 * 3 / 4);
    before = plan_ring(members_of(6, seed), 3);
    after = plan_ring(members_of(7, seed), 3);
    REQUIRE(new_copies(before, after) <= 64 * 3 / 7);
    for (std::size_t g = 0; g < groups; ++g)
      for (auto x : after[g])
        REQUIRE(
          (x == member_id{7}
           || std::ranges::find(before[g], x) != before[g].end()));
  }
}

TEST_CASE("ring_plan: one of five that leaves moves a third", "[ring_plan]") {
  for (int seed = 0; seed < most(200); ++seed)
    for (std::size_t gone = 0; gone < 5; ++gone) {
      auto members = members_of(5, seed);
      auto before = plan_ring(members, 3);
      members[gone].state = member_state::draining;
      // A fifth, 38 of 192 copies, is what has to move.
      REQUIRE(new_copies(before, plan_ring(members, 3)) <= 64 * 3 * 36 / 100);
    }
}

TEST_CASE("ring_plan: who drains gets nothing", "[ring_plan]") {
  auto members = members_of(5, 4);
  members[1].state = member_state::draining;
  auto plan = plan_ring(members, 3);
  CHECK_FALSE(holds(plan).contains(members[1].id));
  members.erase(members.begin() + 1);
  CHECK(plan == plan_ring(members, 3));
  for (auto& x : members) x.state = member_state::draining;
  for (const auto& x : plan_ring(members, 3)) CHECK(x.empty());
}

TEST_CASE("ring_plan: the order of registering is no matter", "[ring_plan]") {
  auto members = members_of(6, 5);
  auto plan = plan_ring(members, 3);
  std::ranges::reverse(members);
  CHECK(plan == plan_ring(members, 3));
  members.push_back({member_id{9}, members[0].name, member_state::up});
  CHECK(plan == plan_ring(members, 3)); // one name counts once
}

TEST_CASE("ring_plan: plans are the same in every release", "[ring_plan]") {
  auto leaders = std::string{};
  auto plan = plan_ring(members_of(4, 0), 3);
  for (std::size_t g = 0; g < 16; ++g)
    leaders += std::to_string(static_cast<int>(plan[g].front()));
  CHECK(leaders == "2443244313324421");
}

TEST_CASE("ring_plan: moves list cheap ones first", "[ring_plan]") {
  const auto a = member_id{1}, b = member_id{2}, c = member_id{3},
             d = member_id{4};
  auto current = std::vector<group_record>(4);
  current[0] = {1, a, {a, b, c}, {}, {}, {}, {}};
  current[1] = {1, a, {a, b, c}, {}, {}, {}, {}};
  current[2] = {1, b, {b, c}, {}, {}, {}, {}};
  auto wanted = std::vector<replica_list>{
    {d, b, c}, {b, a, c}, {b, c, d}, {a, b, c}}; // the last has no record
  auto text = std::string{};
  for (const auto& x : plan_moves(current, wanted)) text += to_string(x) + '\n';
  CHECK(
    text
    == "group 1: leader 1 -> 2\n"
       "group 0: replica 1 -> 4\n"
       "group 0: leader 1 -> 4\n"
       "group 2: replica nobody -> 4\n");
}

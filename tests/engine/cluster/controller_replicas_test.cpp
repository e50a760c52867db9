#include "tests/engine/cluster/controller_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

/// Members that lead group 0, or keep it, as a test wants it.
controller_options options_of(std::size_t replicas) {
  auto options = controller_options{};
  options.replicas = replicas;
  options.min_in_sync = majority_of(replicas);
  options.moves_at_once = groups;
  return options;
}

/// Group 0 with all of five in sync, of which `least` have to be.
group_record kept_by_five(std::uint32_t least) {
  auto record = kept_by({a, b, c, d, member_id{5}});
  record.min_in_sync = least;
  return record;
}

/// Returns what is asked for of group 0, as it is, where five members are
/// there.
std::vector<swap_record>
asked_for(std::size_t replicas, const group_record& record) {
  auto rig = controller_rig{options_of(replicas)};
  rig.start(5, [&](unsigned g, group_record& x) {
    if (g == 0) x = record;
  });
  rig.at(20s); // what was asked for at the start is forgotten
  return of_group_0(rig.tick<swap_record>());
}

/// Starts five members, and wants another number of replicas. Returns what is
/// asked for of all groups then.
std::vector<swap_record> changed_to(std::size_t wanted, controller_rig& rig) {
  rig.start(5);
  rig.at(20s);
  CHECK(rig.tick<swap_record>().empty());
  rig.machine.on_replicas(wanted, rig.now);
  auto swaps = rig.all<swap_record>();
  REQUIRE(swaps.size() == groups);
  return swaps;
}

} // namespace

TEST_CASE(
  "controller: a group is made with a majority as the least in sync",
  "[controller]") {
  auto replicas = GENERATE(1u, 2u, 3u, 4u, 5u);
  auto rig = controller_rig{options_of(replicas)};
  for (auto id : {1u, 2u, 3u, 4u, 5u}) rig.join(id);
  rig.machine.on_ready(rig.now);
  auto swaps = rig.all<swap_record>();
  REQUIRE(swaps.size() == groups);
  CHECK(swaps[0].record.replicas.size() == replicas);
  CHECK(swaps[0].record.min_in_sync == replicas / 2 + 1);
}

TEST_CASE(
  "controller: more replicas come before more have to be in sync",
  "[controller]") {
  auto rig = controller_rig{options_of(3)};
  for (const auto& x : changed_to(5, rig)) {
    CHECK(x.record.adding.size() == 2);
    CHECK(x.record.removing.empty());
    CHECK(x.record.min_in_sync == 2);
  }
}

TEST_CASE(
  "controller: what is asked for counts among the groups with copies",
  "[controller]") {
  auto rig = controller_rig{};
  rig.start(5);
  rig.at(20s);
  rig.machine.on_replicas(5, rig.now);
  CHECK(rig.all<swap_record>().size() == 2);
  CHECK(rig.tick<swap_record>().empty()); // two are under way
}

TEST_CASE(
  "controller: more have to be in sync once all replicas are there",
  "[controller]") {
  auto swaps = asked_for(5, kept_by_five(2));
  REQUIRE(swaps.size() == 1);
  auto wanted = kept_by_five(3);
  wanted.cause = record_cause::operation;
  CHECK(swaps[0].record == wanted);
}

TEST_CASE(
  "controller: never more have to be in sync than are", "[controller]") {
  auto record = kept_by_five(2);
  record.in_sync.resize(2);
  for (const auto& x : asked_for(5, record)) // their order, no more
    CHECK(x.record.min_in_sync == 2);
  record.in_sync.push_back(kept_by_five(2).in_sync[2]);
  auto swaps = asked_for(5, record);
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.min_in_sync == 3);
}

TEST_CASE(
  "controller: a replica that is not there or goes does not count",
  "[controller]") {
  auto record = kept_by_five(2);
  record.replicas.pop_back();
  record.adding = {member_id{5}};
  record.in_sync.pop_back();
  CHECK(asked_for(5, record).empty());
  record = kept_by_five(2);
  record.removing = {member_id{5}};
  auto swaps = asked_for(5, record);
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.removing.empty()); // it stays after all
  CHECK(swaps[0].record.min_in_sync == 2);
}

TEST_CASE(
  "controller: fewer have to be in sync before a replica goes",
  "[controller]") {
  auto rig = controller_rig{options_of(5)};
  auto swaps = changed_to(1, rig);
  for (const auto& x : swaps) {
    CHECK(x.record.min_in_sync == 1);
    CHECK(x.record.removing.empty());
    CHECK(x.record.replicas.size() == 5);
  }
  // The swap is done: now they may go.
  const auto& first = swaps[0];
  rig.machine.on_swapped(first.group, first.number, 101, rig.now);
  auto next = of_group_0(rig.all<swap_record>());
  REQUIRE(next.size() == 1);
  CHECK(next[0].record.removing.size() == 4);
  CHECK(next[0].record.min_in_sync == 1);
}

TEST_CASE(
  "controller: a failover keeps as many in sync as the record says",
  "[controller]") {
  auto least = GENERATE(2u, 3u, 4u);
  auto rig = controller_rig{options_of(3)}; // the record goes before this
  auto record = kept_by_five(least);
  record.removing = {d, member_id{5}};
  rig.start(5, [&](unsigned g, group_record& x) {
    if (g == 0) x = record;
  });
  for (auto id : {1u, 4u, 5u})
    rig.machine.on_member_gone(static_cast<member_id>(id), rig.now);
  rig.answer(0, 2, {1, 10});
  rig.answer(0, 3, {1, 10});
  rig.at(11s);
  auto swaps = of_group_0(rig.tick<swap_record>());
  REQUIRE(swaps.size() == 1);
  CHECK(swaps.back().record.leader == b);
  CHECK(swaps.back().record.in_sync.size() == least);
  CHECK(swaps.back().record.min_in_sync == least);
}

TEST_CASE("controller: a record without the number gets it", "[controller]") {
  auto record = kept_by({a, b, c});
  record.min_in_sync = 0;
  auto swaps = asked_for(3, record);
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.min_in_sync == 2);
}

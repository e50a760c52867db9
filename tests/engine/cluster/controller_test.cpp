#include "tests/engine/cluster/controller_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

// -- creating

TEST_CASE(
  "controller: creates no group before all replicas came", "[controller]") {
  auto rig = controller_rig{};
  rig.join(1);
  rig.join(2);
  rig.machine.on_ready(rig.now);
  CHECK(rig.tick<swap_record>().empty());
  rig.join(3);
  auto swaps = rig.all<swap_record>();
  REQUIRE(swaps.size() == groups);
  for (const auto& x : swaps) {
    CHECK(x.expected == 0);
    CHECK(x.record.epoch == 1);
    CHECK(x.record.leader == x.record.replicas.front());
    CHECK(x.record.in_sync.size() == 3);
    for (auto id : {1u, 2u, 3u})
      CHECK(x.record.is_in_sync(static_cast<member_id>(id), disk(id)));
  }
  CHECK(rig.tick<swap_record>().empty()); // asked already
}

TEST_CASE("controller: does nothing before all was read", "[controller]") {
  auto rig = controller_rig{};
  for (auto id : {1u, 2u, 3u}) rig.join(id);
  rig.machine.on_tick(rig.now);
  CHECK(rig.done().empty());
}

TEST_CASE("controller: a draining member is in no new group", "[controller]") {
  auto rig = controller_rig{};
  rig.machine.on_member(member_of(1, 0, member_state::draining), rig.now);
  rig.join(2);
  rig.join(3);
  rig.machine.on_ready(rig.now);
  CHECK(rig.tick<swap_record>().empty());
}

// -- limits and words

TEST_CASE(
  "controller: too many members are not taken note of", "[controller]") {
  auto rig = controller_rig{};
  for (unsigned i = 1; i <= most_members; ++i) rig.join(i);
  auto before = rig.machine.wanted();
  rig.join(most_members + 1);
  CHECK(rig.machine.wanted() == before);
}

TEST_CASE("controller: actions are told in words", "[controller]") {
  auto text = [](const controller_action& x) { return to_string(x); };
  CHECK(text(ask_logs{group_id{7}, {a, b}}) == "group 7: ask for logs of 1 2");
  CHECK(text(start_move{group_id{7}, a, b}) == "group 7: move 1 -> 2");
  auto record = kept_by({a});
  record.cause = record_cause::failover;
  CHECK(
    text(swap_record{1, group_id{7}, 12, record})
    == "group 7: failover to epoch 1 under 1, expecting revision 12");
}

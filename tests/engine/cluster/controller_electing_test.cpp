#include "tests/engine/cluster/controller_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

TEST_CASE(
  "controller: elects the longest log of those that answer", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.machine.on_member_gone(a, rig.now);
  auto asked = of_group_0(rig.all<ask_logs>());
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].members == std::vector{b, c});
  rig.answer(0, 2, {1, 7});
  CHECK(of_group_0(rig.all<swap_record>()).empty()); // 3 may have more
  rig.answer(0, 3, {1, 9});
  auto swaps = of_group_0(rig.all<swap_record>());
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].expected == 100);
  CHECK(swaps[0].record.leader == c);
  CHECK(swaps[0].record.epoch == 2);
  CHECK(swaps[0].record.in_sync.size() == 2); // the dead one left
}

TEST_CASE("controller: waits half a second for answers", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.machine.on_member_gone(a, rig.now);
  rig.answer(0, 3, {1, 2});
  rig.at(10'499ms);
  CHECK(of_group_0(rig.tick<swap_record>()).empty());
  rig.at(10'500ms);
  auto swaps = of_group_0(rig.tick<swap_record>());
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.leader == c);
}

TEST_CASE(
  "controller: changes nothing when nobody answers it", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.machine.on_member_gone(a, rig.now);
  rig.done();
  rig.at(10'500ms);
  CHECK(rig.tick<swap_record>().empty());
  rig.at(11'500ms);
  CHECK(of_group_0(rig.tick<ask_logs>()).size() == 1); // later again
}

TEST_CASE("controller: elects nobody who is out of sync", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, [](unsigned g, group_record& record) {
    if (g == 0) record = kept_by({a, b, c});
    if (g == 0) record.in_sync = {{a, disk(1)}, {b, disk(2)}};
  });
  rig.machine.on_member_gone(a, rig.now);
  rig.done();
  rig.machine.on_member_gone(b, rig.now);
  auto swaps = of_group_0(rig.all<swap_record>());
  if (swaps.empty()) { // 2 had been asked
    rig.answer(0, 2, {1, 9});
    rig.at(10'500ms);
    rig.machine.on_tick(rig.now);
    rig.at(11'500ms);
    swaps = of_group_0(rig.tick<swap_record>());
  }
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.leader == nobody);
  CHECK(swaps[0].record.epoch == 2);
  CHECK(swaps[0].record.in_sync.size() == 2);
  rig.machine.on_swapped(group_0, swaps[0].number, 101, rig.now);
  rig.at(30s);
  CHECK(of_group_0(rig.tick<swap_record>()).empty());
  CHECK(of_group_0(rig.tick<ask_logs>()).empty());
  rig.join(2);
  CHECK(of_group_0(rig.all<ask_logs>()).size() == 1);
}

TEST_CASE("controller: a wiped disk is not elected", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.join(2, 1);
  rig.done();
  rig.machine.on_member_gone(a, rig.now);
  auto asked = of_group_0(rig.all<ask_logs>());
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].members == std::vector{c});
  rig.answer(0, 2, {9, 9}, 1);
  rig.answer(0, 3, {1, 1});
  auto swaps = of_group_0(rig.all<swap_record>());
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.leader == c);
}

TEST_CASE("controller: two reporters make a leader suspected", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.machine.on_unreachable(b, a, rig.now);
  rig.machine.on_unreachable(b, a, rig.now);
  CHECK(rig.all<ask_logs>().empty()); // one is not enough
  rig.at(11'001ms);
  rig.machine.on_unreachable(c, a, rig.now);
  CHECK(rig.all<ask_logs>().empty()); // too late
  rig.at(12s);
  rig.machine.on_unreachable(b, a, rig.now);
  auto asked = of_group_0(rig.all<ask_logs>());
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].members == std::vector{b, c});
}

TEST_CASE(
  "controller: a suspected leader alone in sync stays", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, [](unsigned g, group_record& record) {
    if (g == 0) record = kept_by({a, b, c});
    if (g == 0) record.in_sync = {{a, disk(1)}};
  });
  rig.machine.on_unreachable(b, a, rig.now);
  rig.machine.on_unreachable(c, a, rig.now);
  auto actions = rig.done();
  for (const auto& x : actions)
    if (auto y = std::get_if<ask_logs>(&x)) CHECK(y->group != group_0);
}

TEST_CASE(
  "controller: a leader that restarted gets a new epoch", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.machine.on_ask_for_leader(group_0, b, 1, rig.now);
  rig.machine.on_ask_for_leader(group_0, a, 0, rig.now); // long over
  CHECK(rig.all<ask_logs>().empty());
  rig.machine.on_ask_for_leader(group_0, a, 1, rig.now);
  for (auto id : {1u, 2u, 3u}) rig.answer(0, id, {1, 5});
  auto swaps = of_group_0(rig.all<swap_record>());
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.leader == a);
  CHECK(swaps[0].record.epoch == 2);
}

TEST_CASE("controller: a lost swap is asked for again", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.machine.on_ask_for_leader(group_0, a, 1, rig.now);
  for (auto id : {1u, 2u, 3u}) rig.answer(0, id, {1, 5});
  auto swaps = of_group_0(rig.all<swap_record>());
  REQUIRE(swaps.size() == 1);
  rig.machine.on_swap_failed(group_0, swaps[0].number, rig.now);
  CHECK(rig.tick<ask_logs>().empty());
  rig.at(11s);
  CHECK(rig.tick<ask_logs>().size() == 1);
}

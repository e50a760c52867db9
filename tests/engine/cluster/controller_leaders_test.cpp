#include "tests/engine/cluster/controller_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using namespace troupe::test;

TEST_CASE("controller: two leaders move at a time", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, [](unsigned, group_record& record) {
    record.leader = record.replicas[1];
  });
  auto moves = rig.tick<start_move>();
  REQUIRE(moves.size() == 2);
  for (const auto& x : moves)
    CHECK(x.to == rig.machine.wanted()[static_cast<std::size_t>(x.group)][0]);
  CHECK(rig.tick<start_move>().empty());
  auto record = kept_by(rig.machine.wanted()[0]);
  record.epoch = 2;
  record.cause = record_cause::move;
  rig.machine.on_record(moves[0].group, record, 101, rig.now);
  CHECK(rig.all<start_move>().size() == 1);
}

TEST_CASE(
  "controller: no leader moves while a group has none", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, [](unsigned g, group_record& record) {
    record.leader = record.replicas[1];
    if (g == 9) record.leader = nobody;
  });
  CHECK(rig.tick<start_move>().empty());
}

TEST_CASE("controller: no leader moves soon after a failover", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3);
  rig.at(20s);
  auto record = kept_by(rig.machine.wanted()[0]);
  record.epoch = 2;
  record.leader = record.replicas[1];
  record.cause = record_cause::failover;
  rig.machine.on_record(group_0, record, 101, rig.now);
  rig.at(29'999ms);
  CHECK(rig.tick<start_move>().empty());
  rig.at(30s);
  CHECK(rig.tick<start_move>().size() == 1);
}

TEST_CASE(
  "controller: a move without an outcome is tried again", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, [](unsigned g, group_record& record) {
    if (g == 0) record.leader = record.replicas[1];
  });
  CHECK(rig.tick<start_move>().size() == 1);
  rig.at(25s);
  CHECK(rig.tick<start_move>().empty());
  rig.at(26s);
  CHECK(rig.tick<start_move>().size() == 1);
}

TEST_CASE(
  "controller: a draining member loses leaders, then copies", "[controller]") {
  auto rig = controller_rig{};
  rig.start(4);
  rig.machine.on_member(member_of(4, 0, member_state::draining), rig.now);
  auto actions = rig.done();
  auto moves = 0;
  for (const auto& x : actions) {
    auto y = std::get_if<start_move>(&x);
    moves += y && y->leader == d;
    if (auto z = std::get_if<swap_record>(&x)) {
      CHECK(z->record.removing.empty());
      CHECK(z->record.adding.size() == 1);
    }
  }
  CHECK(moves == 2);
}

TEST_CASE(
  "controller: one of three that drains keeps its copies", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3);
  rig.machine.on_member(member_of(1, 0, member_state::draining), rig.now);
  auto actions = rig.done();
  CHECK_FALSE(actions.empty());
  for (const auto& x : actions)
    CHECK_FALSE(std::holds_alternative<swap_record>(x));
}

#include "tests/engine/cluster/controller_rig.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr auto group_0 = group_id{0};

/// Lets group 0 be led by 1 and kept by 1, 2 and 3.
void put_first(unsigned g, group_record& record) {
  if (g == 0) record = kept_by({a, b, c});
}

template <class Action>
std::vector<Action> of_group_0(const std::vector<Action>& all) {
  auto some = std::vector<Action>{};
  for (const auto& x : all)
    if (x.group == group_0) some.push_back(x);
  return some;
}

controller_options of_five() {
  auto options = controller_options{};
  options.replicas = 3;
  return options;
}

} // namespace

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

// -- electing

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

// -- copies

TEST_CASE("controller: a wiped member becomes a learner", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3, put_first);
  rig.join(3, 1);
  auto swaps = of_group_0(rig.all<swap_record>());
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.epoch == 1);
  CHECK(swaps[0].record.replicas == std::vector{a, b});
  CHECK(swaps[0].record.adding == std::vector{c});
  CHECK(swaps[0].record.in_sync.size() == 3); // that is its leader's
}

TEST_CASE("controller: who is gone for long is replaced", "[controller]") {
  auto rig = controller_rig{of_five()};
  rig.start(5);
  auto kept = std::set<group_id>{};
  for (unsigned g = 0; g < groups; ++g) {
    const auto& list = rig.machine.wanted()[g];
    if (
      std::ranges::find(list, member_id{5}) != list.end()
      && list.front() != member_id{5})
      kept.insert(static_cast<group_id>(g));
  }
  rig.machine.on_member_gone(member_id{5}, rig.now);
  rig.at(10s + 299s);
  CHECK(rig.tick<swap_record>().empty());
  rig.at(10s + 300s);
  auto swaps = rig.tick<swap_record>();
  REQUIRE(swaps.size() == 2); // not all at once
  for (const auto& x : swaps) {
    CHECK(x.record.adding.size() + x.record.removing.size() > 0);
    CHECK(x.record.epoch == 1);
  }
}

TEST_CASE(
  "controller: nobody is replaced while too few are up", "[controller]") {
  auto rig = controller_rig{};
  rig.start(3);
  rig.machine.on_member_gone(c, rig.now);
  rig.at(1h);
  for (const auto& x : rig.tick<swap_record>()) {
    CHECK(x.record.adding.empty());
    CHECK(x.record.removing.empty());
  }
}

TEST_CASE(
  "controller: who is to go leaves once all others are in sync",
  "[controller]") {
  auto added = std::vector<member_id>{};
  auto sync_all = true;
  auto run = [&] {
    auto rig = controller_rig{};
    rig.start(4, [&](unsigned g, group_record& record) {
      if (g != 0) return;
      auto all = record.replicas;
      for (auto x : {a, b, c, d})
        if (!record.has(x)) all.push_back(x);
      auto full = kept_by(all);
      full.min_in_sync = 2;
      if (!sync_all) full.in_sync.erase(full.in_sync.begin() + 1);
      added = {all.back()};
      record = full;
    });
    rig.at(20s); // what was asked for at the start is forgotten
    return of_group_0(rig.tick<swap_record>());
  };
  auto swaps = run();
  REQUIRE(swaps.size() == 1);
  CHECK(swaps[0].record.removing == added);
  CHECK(swaps[0].record.replicas.size() == 4); // its leader takes it out
  sync_all = false;
  CHECK(run().empty());
}

// -- another number of replicas

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
  rig.start(5);
  rig.at(20s);
  CHECK(rig.tick<swap_record>().empty());
  rig.machine.on_replicas(5, rig.now);
  auto swaps = rig.all<swap_record>();
  REQUIRE(swaps.size() == groups);
  for (const auto& x : swaps) {
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
  rig.start(5);
  rig.at(20s);
  CHECK(rig.tick<swap_record>().empty());
  rig.machine.on_replicas(1, rig.now);
  auto swaps = rig.all<swap_record>();
  REQUIRE(swaps.size() == groups);
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

// -- leaders

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

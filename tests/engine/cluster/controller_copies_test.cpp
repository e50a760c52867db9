#include "tests/engine/cluster/controller_rig.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace troupe;
using namespace troupe::test;

namespace {

controller_options of_five() {
  auto options = controller_options{};
  options.replicas = 3;
  return options;
}

} // namespace

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

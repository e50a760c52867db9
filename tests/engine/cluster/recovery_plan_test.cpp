#include "engine/cluster/recovery_plan.hpp"
#include "engine/ring/slot_map.hpp"
#include "tests/engine/cluster/members.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::test;

namespace {

using surveys = std::vector<store_survey>;
using members = std::vector<member_id>;

surveyed_group ending(epoch_number epoch, log_index index) {
  auto made = surveyed_group{};
  made.seen = epoch;
  made.last = {epoch, index};
  return made;
}

/// A member of a cluster of three, all of whose groups end alike.
store_survey of(unsigned number, surveyed_group each = ending(4, 100)) {
  auto made = store_survey{};
  made.store = {7, number};
  made.cluster_id = "c1";
  made.cluster = "orders";
  made.member = "n" + std::to_string(number);
  made.number = member_id{static_cast<std::uint16_t>(number)};
  made.replicas = 3;
  made.groups.assign(groups, each);
  return made;
}

recovery_plan planned(const surveys& all) {
  auto made = plan_recovery(all);
  if (!made) FAIL(made.error().detail);
  return *made;
}

std::string refused(const surveys& all) {
  auto made = plan_recovery(all);
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().code == errc::bad_input);
  return made.error().detail;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("recovery_plan: three stores that agree go on as they were") {
  auto made = planned({of(1), of(2), of(3)});
  CHECK(made.replicas == 3);
  REQUIRE(made.groups.size() == groups);
  auto leaders = std::set<member_id>{};
  for (const auto& x : made.groups) {
    CHECK(x.record.epoch == 5);
    CHECK(x.record.in_sync.size() == 3);
    CHECK(x.record.replicas.size() == 3);
    CHECK(x.record.replicas.front() == x.record.leader);
    CHECK(x.record.cause == record_cause::operation);
    CHECK(x.risk == recovery_risk::none);
    leaders.insert(x.record.leader);
  }
  CHECK(leaders.size() == 3); // as the ring wants them
}

TEST_CASE("recovery_plan: the greatest last epoch wins, then the index") {
  auto all = surveys{of(1), of(2), of(3)};
  all[0].groups[7] = ending(5, 90);
  all[1].groups[7] = ending(4, 200);
  all[2].groups[7] = ending(5, 91);
  auto x = planned(all).groups[7];
  CHECK(x.record.leader == three);
  CHECK(x.last == log_mark{5, 91});
  CHECK(x.record.in_sync == std::vector<in_sync_member>{{three, {7, 3}}});
  CHECK(x.record.replicas == members{three, one, two});
  CHECK(x.record.epoch == 6);
}

TEST_CASE("recovery_plan: the epoch is above any that was seen") {
  auto all = surveys{of(1), of(2)};
  all[0].groups[3].seen = 9; // and has no entry of it
  auto x = planned(all).groups[3];
  CHECK(x.record.epoch == 10);
  CHECK(x.last == log_mark{4, 100});
}

TEST_CASE("recovery_plan: one survivor of three serves by itself") {
  auto made = planned({of(2)});
  CHECK(made.replicas == 3); // to which it grows again
  for (const auto& x : made.groups) {
    CHECK(x.record.min_in_sync == 1);
    CHECK(x.record.leader == two);
    CHECK(x.record.replicas == members{two});
    CHECK(x.record.in_sync == std::vector<in_sync_member>{{two, {7, 2}}});
    CHECK(x.risk == recovery_risk::some);
  }
}

TEST_CASE("recovery_plan: groups confirm with those that agree") {
  auto all = surveys{of(1), of(2), of(3)};
  CHECK(planned(all).groups[0].record.min_in_sync == 2);
  all[1].groups[9] = ending(4, 99);
  CHECK(planned(all).groups[9].record.min_in_sync == 2);
  all[2].groups[9] = {};
  CHECK(planned(all).groups[9].record.min_in_sync == 1);
  CHECK(planned(all).groups[8].record.min_in_sync == 2);
  for (auto& x : all) x.replicas = 5;
  CHECK(planned(all).replicas == 5);
  CHECK(planned(all).groups[8].record.min_in_sync == 3);
  for (auto& x : all) x.replicas = 1;
  CHECK(planned(all).groups[8].record.min_in_sync == 1);
}

TEST_CASE("recovery_plan: a group that nobody has begins empty and says so") {
  auto all = surveys{of(1), of(2), of(3)};
  for (auto& x : all) x.groups[5] = {};
  all[1].groups[5].seen = 6; // it had a copy once
  auto x = planned(all).groups[5];
  CHECK(x.risk == recovery_risk::all);
  CHECK(x.holders.empty());
  CHECK(x.record.epoch == 7);
  CHECK(x.record.replicas.size() == 3);
  CHECK(x.record.in_sync.size() == 3);
  CHECK(x.record.min_in_sync == 2);
}

TEST_CASE("recovery_plan: only those with a copy are replicas") {
  auto all = surveys{of(1), of(2), of(3)};
  all[1].groups[8] = {};
  auto x = planned(all).groups[8];
  CHECK(x.holders == members{one, three});
  CHECK_FALSE(x.record.has(two));
}

TEST_CASE("recovery_plan: it says what may be lost") {
  auto all = surveys{of(1), of(2)};
  SECTION("not where a majority of the copies is there") {
    CHECK(planned(all).groups[0].risk == recovery_risk::few);
    all[0].groups[0].seen = 9;
    CHECK(planned(all).groups[0].risk == recovery_risk::few);
  }
  SECTION("where confirms may have waited for others alone") {
    all.pop_back();
    CHECK(planned(all).groups[0].risk == recovery_risk::some);
  }
  SECTION("where a leader is known of that nobody has followed") {
    all.pop_back();
    all[0].groups[0].seen = 9;
    CHECK(planned(all).groups[0].risk == recovery_risk::behind);
  }
}

TEST_CASE("recovery_plan: what does not belong together is refused") {
  auto all = surveys{of(1), of(2)};
  SECTION("nothing") { CHECK(says(refused({}), "no survey")); }
  SECTION("two clusters") {
    all[1].cluster_id = "c2";
    CHECK(says(refused(all), "different clusters"));
  }
  SECTION("one store twice") {
    all[1].store = all[0].store;
    CHECK(says(refused(all), "copy"));
  }
  SECTION("two stores of one member") {
    all[1].member = "n1";
    CHECK(says(refused(all), "one member"));
  }
  SECTION("two members of one number") {
    all[1].number = one;
    CHECK(says(refused(all), "one member"));
  }
  SECTION("a store that was never a member's") {
    all[1].number = nobody;
    CHECK(says(refused(all), "which member"));
  }
  SECTION("one that lacks groups") {
    all[1].groups.pop_back();
    CHECK(says(refused(all), "63 groups"));
  }
  SECTION("more than fit") {
    for (unsigned i = 3; i <= most_surveys + 1; ++i) all.push_back(of(i));
    CHECK(says(refused(all), "32 surveys"));
    all.pop_back();
    CHECK(plan_recovery(all).has_value());
  }
}

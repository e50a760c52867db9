#include "engine/cluster/choose_leader.hpp"
#include "tests/engine/cluster/replica_rig.hpp"

#include <catch2/catch.hpp>

using namespace troupe::test;

namespace {

std::vector<registered_member> all_there() {
  return {{three, disk(three)}, {one, disk(one)}, {two, disk(two)}};
}

} // namespace

TEST_CASE("choose_leader: without answers the preferred member leads") {
  auto present = all_there();
  CHECK(choose_leader(trio(), present, {}) == one);
  present.erase(present.begin() + 1);
  CHECK(choose_leader(trio(), present, {}) == two);
}

TEST_CASE("choose_leader: of those that answer, the longest log leads") {
  auto answers = std::vector<log_answer>{
    {one, disk(one), {3, 9}},
    {two, disk(two), {4, 7}},
    {three, disk(three), {4, 8}},
  };
  CHECK(choose_leader(trio(), all_there(), answers) == three);
}

TEST_CASE("choose_leader: another disk than the one in sync never leads") {
  auto present = all_there();
  for (auto& x : present) x.store = disk(x.member, 9);
  CHECK_FALSE(choose_leader(trio(), present, {}));
  auto answers = std::vector<log_answer>{{three, disk(three, 9), {9, 99}}};
  CHECK(choose_leader(trio(), all_there(), answers) == one);
}

TEST_CASE("choose_leader: who is not in sync never leads") {
  auto record = trio();
  record.in_sync = {{three, disk(three)}};
  auto present = all_there();
  CHECK(choose_leader(record, present, {}) == three);
  present.erase(present.begin());
  CHECK_FALSE(choose_leader(record, present, {}));
}

TEST_CASE("choose_leader: the dead leave the set while enough are left") {
  auto next = next_epoch(trio(4), two, record_cause::failover);
  CHECK(next.epoch == 5);
  CHECK(next.leader == two);
  drop_from_sync(next, one, 2);
  CHECK(next.in_sync.size() == 2);
  CHECK_FALSE(next.find_in_sync(one));
  drop_from_sync(next, three, 2);
  CHECK(next.in_sync.size() == 2);
}

TEST_CASE("group_record: a store id is read as it is printed") {
  auto id = store_id{0x0123456789abcdef, 42};
  CHECK(to_string(id) == "0123456789abcdef000000000000002a");
  CHECK(parse_store_id(to_string(id)).value() == id);
  for (auto text : {"", "12", "0123456789abcdef00000000000000zz"})
    CHECK(parse_store_id(text).error().code == troupe::errc::bad_input);
}

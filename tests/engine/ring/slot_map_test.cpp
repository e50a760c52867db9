#include "engine/base/stable_hash.hpp"
#include "engine/ring/slot_map.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace troupe;

namespace {

unsigned number(slot_id slot) { return static_cast<unsigned>(slot); }
unsigned number(group_id group) { return static_cast<unsigned>(group); }

} // namespace

TEST_CASE("slot_map: the hash is the same in every release", "[ring]") {
  CHECK(stable_hash("") == 0x2d06800538d394c2ull);
  CHECK(stable_hash("customer-17") == 0xf22fd48ec1e6739cull);
  CHECK(stable_hash(std::string(300, 'x')) == 0xa5d1b4607dc83554ull);
}

TEST_CASE("slot_map: keys keep their slots in every release", "[ring]") {
  CHECK(number(slot_of("")) == 194);
  CHECK(number(slot_of("customer-17")) == 924);
  CHECK(number(slot_of("customer-18")) == 620);
  CHECK(number(slot_of({"\0\xff", 2})) == 1011);
}

TEST_CASE("slot_map: queues keep their groups in every release", "[ring]") {
  CHECK(number(group_of("orders", 0)) == 59);
  CHECK(number(group_of("orders", 1)) == 60);
  CHECK(number(group_of("orders", 63)) == 58);
  CHECK(number(group_of("orders", 64)) == number(group_of("orders", 0)));
}

TEST_CASE("slot_map: partitions of a queue lie in groups apart", "[ring]") {
  auto seen = std::set<unsigned>{};
  for (std::uint16_t i = 0; i < groups; ++i)
    seen.insert(number(group_of("orders", i)));
  CHECK(seen.size() == groups);
  CHECK(*seen.rbegin() == groups - 1);
}

TEST_CASE("slot_map: every group has sixteen slots", "[ring]") {
  auto count = std::vector<int>(groups);
  for (std::uint16_t i = 0; i < slots; ++i)
    ++count[number(group_of(slot_id{i}))];
  CHECK(count == std::vector<int>(groups, 16));
}

TEST_CASE("slot_map: a slot's partition is within the queue", "[ring]") {
  CHECK(partition_of(slot_id{1023}, 1) == 0);
  CHECK(partition_of(slot_id{1023}, 16) == 15);
  CHECK(partition_of(slot_id{1023}, 64) == 63);
  CHECK(partition_of(slot_id{7}, 5) == 2);
}

TEST_CASE("slot_map: keys spread over all slots", "[ring]") {
  auto seen = std::set<unsigned>{};
  for (int i = 0; i < 20'000; ++i)
    seen.insert(number(slot_of("key-" + std::to_string(i))));
  CHECK(seen.size() == slots);
}

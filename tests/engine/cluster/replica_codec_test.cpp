#include "engine/cluster/replica_codec.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace troupe;
using namespace troupe::cluster;

namespace {

constexpr auto at = local_time{local_span{-1234567}};
const auto state = follower_state{{7, 8}, true, false};

std::vector<group_message> every_kind() {
  auto head = append{3, 99, {2, 41}, 3, 3, 40, 12, at};
  return {
    {group_id{5}, full_append{head, {"one", "", std::string_view{"\0x", 2}}}},
    {group_id{0}, full_append{}},
    {group_id{63}, ack{3, 44, at, state}},
    {group_id{1}, reject{3, {2, 41}, {1, 30}, at, state}},
    {group_id{2}, release{8}},
    {group_id{3}, full_chunk{{3, -1, {2, 41}, 6, at, true}, "bytes"}},
    {group_id{4}, chunk_ack{3, {2, 41}, 7, at, state}},
    {group_id{5}, log_sums{3, 10, 20, 17, "abcdefgh"}}};
}

} // namespace

TEST_CASE("replica_codec: every kind comes back as it was") {
  for (const auto& x : every_kind()) {
    auto bytes = encode(x);
    auto back = decode_group_message(bytes);
    REQUIRE(back.has_value());
    CHECK(*back == x);
  }
}

TEST_CASE("replica_codec: what is cut short or too long is refused") {
  for (const auto& x : every_kind()) {
    auto bytes = encode(x);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      CHECK(decode_group_message(bytes.substr(0, i)).has_error());
    CHECK(decode_group_message(bytes + "x").has_error());
  }
}

TEST_CASE("replica_codec: a count without entries asks for no memory") {
  auto bytes = encode({group_id{1}, full_append{}});
  for (std::size_t i = 0; i + 4 <= bytes.size(); ++i) {
    auto odd = bytes;
    odd.replace(i, 4, "\xff\xff\xff\x7f");
    auto back = decode_group_message(odd);
    if (back) CHECK(encode(*back) == odd);
  }
}

TEST_CASE("replica_codec: random bytes are refused or read as they are") {
  auto random = std::minstd_rand{3};
  for (int i = 0; i < 20000; ++i) {
    auto bytes = std::string(random() % 120, '\0');
    for (auto& x : bytes) x = static_cast<char>(random() % 9);
    auto back = decode_group_message(bytes);
    if (back) REQUIRE(encode(*back) == bytes);
  }
}

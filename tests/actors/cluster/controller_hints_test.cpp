#include "actors/cluster/controller_hints.hpp"

#include <catch2/catch.hpp>

using namespace troupe;
using cluster::member_id;

namespace {

std::vector<controller_hint> one_of_each() {
  auto answer = cluster::log_answer{};
  answer.member = member_id{65'535};
  answer.store = {0x0123456789abcdef, 0xfedcba9876543210};
  answer.end = {7, ~std::uint64_t{0}};
  return {
    end_asked{group_id{63}}, end_told{group_id{1}, answer},
    move_asked{group_id{2}, member_id{3}},
    leader_asked{group_id{4}, ~std::uint64_t{0}},
    unreachable_told{member_id{5}}};
}

} // namespace

TEST_CASE("controller_hints: what is written is read") {
  for (const auto& x : one_of_each()) {
    auto read = decode_hint(encode(x));
    REQUIRE(read.has_value());
    CHECK(*read == x);
  }
}

TEST_CASE("controller_hints: they are the JSON that older members know") {
  CHECK(
    encode(move_asked{group_id{2}, member_id{3}})
    == R"({"kind":"move_asked","group":2,"member":3})");
  auto read = decode_hint(R"({"kind":"end_asked","group":9,"later":[1]})");
  REQUIRE(read.has_value());
  CHECK(*read == controller_hint{end_asked{group_id{9}}});
}

TEST_CASE("controller_hints: what does not fit is corrupt") {
  auto bytes = GENERATE(
    as<std::string>{}, "", "\xff\x00", "[]", "{", "{}", "7",
    R"({"kind":"none","group":1})", R"({"kind":7,"group":1})",
    R"({"kind":"end_asked"})", R"({"kind":"end_asked","group":64})",
    R"({"kind":"end_asked","group":-1})", R"({"kind":"end_asked","group":"1"})",
    R"({"kind":"move_asked","group":1,"member":65536})",
    R"({"kind":"move_asked","group":1})",
    R"({"kind":"unreachable","member":null})",
    R"({"kind":"leader_asked","group":1,"epoch":-1})",
    R"({"kind":"end_told","group":1,"member":1,"store":"x","epoch":1,"index":1})",
    R"({"kind":"end_asked","group":1,"x":[[[[[[]]]]]]})");
  auto read = decode_hint(bytes);
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().code == errc::corrupt);
  CHECK(read.error().detail.starts_with("a hint for the controller"));
}

TEST_CASE("controller_hints: cut or changed anywhere they never crash") {
  for (const auto& x : one_of_each()) {
    auto whole = encode(x);
    for (std::size_t i = 0; i < whole.size(); ++i) {
      CHECK_FALSE(decode_hint(whole.substr(0, i)).has_value());
      auto other = whole;
      other[i] = static_cast<char>(other[i] ^ 0x11);
      if (auto read = decode_hint(other))
        CHECK(decode_hint(encode(*read)).has_value());
    }
  }
}

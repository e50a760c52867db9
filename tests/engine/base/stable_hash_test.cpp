#include "engine/base/stable_hash.hpp"

#include <catch2/catch.hpp>

#include <string>

using troupe::stable_hash;

// Numbers on disk and slots in configurations rest on these: a change here
// loses what is stored.
TEST_CASE("stable_hash: gives the numbers it always gave", "[base]") {
  CHECK(stable_hash("") == 0x2d06800538d394c2);
  CHECK(stable_hash("a") == 0xe6c632b61e964e1f);
  CHECK(stable_hash("abc") == 0x78af5f94892f3950);
  CHECK(stable_hash("customer-17") == 0xf22fd48ec1e6739c);
  CHECK(stable_hash(std::string(100, 'x')) == 0xc90984ffdf50ce42);
  CHECK(stable_hash(std::string(1000, 'x')) == 0xc0a4877b962cba82);
}

TEST_CASE("stable_hash: does not stop at a zero byte", "[base]") {
  using namespace std::string_view_literals;
  CHECK(stable_hash("a\0b"sv) != stable_hash("a\0c"sv));
  CHECK(stable_hash("a\0"sv) != stable_hash("a"sv));
}

TEST_CASE("stable_hash: does not depend on where the bytes lie", "[base]") {
  auto text = std::string{"some bytes of no special length"};
  for (std::size_t shift = 0; shift < 8; ++shift) {
    auto moved = std::string(shift, ' ') + text;
    CHECK(
      stable_hash(std::string_view{moved}.substr(shift)) == stable_hash(text));
  }
}

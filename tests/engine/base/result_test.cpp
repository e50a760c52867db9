#include "engine/base/result.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <stdexcept>

using namespace troupe;

namespace {

result<int> half(int x) {
  if (x % 2) return error{errc::bad_input, std::to_string(x) + " is odd"};
  return x / 2;
}

} // namespace

TEST_CASE("result: carries a value", "[base]") {
  auto answer = half(8);
  REQUIRE(answer.has_value());
  CHECK(*answer == 4);
}

TEST_CASE("result: carries the reason there is none", "[base]") {
  auto answer = half(7);
  REQUIRE_FALSE(answer.has_value());
  CHECK((answer.error() == error{errc::bad_input, "7 is odd"}));
}

TEST_CASE("result: taking a value that is not there throws", "[base]") {
  CHECK_THROWS_WITH(half(7).value(), "7 is odd");
}

TEST_CASE("result: an error's zero is no failure", "[base]") {
  CHECK(static_cast<int>(errc::none) == 0);
  CHECK(error{}.code == errc::none);
}

TEST_CASE("result: every code has a name of its own", "[base]") {
  auto names = std::set<std::string>{};
  for (int i = 0; i <= static_cast<int>(errc::refused); ++i)
    names.insert(to_string(static_cast<errc>(i)));
  CHECK(names.size() == static_cast<std::size_t>(errc::refused) + 1);
  CHECK_FALSE(names.contains("unknown"));
}

TEST_CASE("result: a code that is none has no name", "[base]") {
  CHECK(to_string(static_cast<errc>(255)) == "unknown");
}

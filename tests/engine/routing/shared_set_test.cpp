#include "engine/routing/shared_set.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <random>
#include <set>
#include <vector>

namespace {

using set_of_numbers = troupe::shared_set<int, std::less<>>;

std::vector<int> all(const set_of_numbers& of) {
  auto found = std::vector<int>{};
  of.for_each([&](int value) { found.push_back(value); });
  return found;
}

} // namespace

TEST_CASE("shared_set: keeps values once and in order", "[routing]") {
  auto random = std::mt19937{3};
  auto tried = set_of_numbers{};
  auto sure = std::set<int>{};
  for (int i = 0; i < 20'000; ++i) {
    auto value = static_cast<int>(random() % 1'000);
    if (random() % 5 < 2) {
      tried.erase(value);
      sure.erase(value);
    } else {
      tried.set(value);
      sure.insert(value);
    }
    REQUIRE(tried.size() == sure.size());
  }
  auto expected = std::vector<int>(sure.begin(), sure.end());
  REQUIRE(all(tried) == expected);
  for (std::size_t i = 0; i < expected.size(); ++i)
    REQUIRE(tried.nth(i) == expected[i]);
  for (auto value : expected) tried.erase(value);
  CHECK(tried.empty());
}

TEST_CASE("shared_set: a copy does not see later changes", "[routing]") {
  auto one = set_of_numbers{};
  for (int i = 0; i < 300; ++i) one.set(i);
  auto two = one;
  for (int i = 0; i < 300; i += 3) two.erase(i);
  two.set(1'000);
  CHECK(one.size() == 300);
  CHECK(all(one).back() == 299);
  CHECK(two.size() == 201);
}

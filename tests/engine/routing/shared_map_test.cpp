#include "engine/routing/shared_map.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>

using troupe::shared_map;

namespace {

std::map<std::string, int> all(const shared_map<int>& of) {
  auto found = std::map<std::string, int>{};
  of.for_each([&](const std::string& key, int value) { found[key] = value; });
  return found;
}

} // namespace

TEST_CASE("shared_map: does what a map does", "[routing]") {
  auto random = std::mt19937{11};
  auto tried = shared_map<int>{};
  auto sure = std::map<std::string, int>{};
  for (int i = 0; i < 20'000; ++i) {
    auto key = std::to_string(random() % 3'000);
    if (random() % 3 == 0) {
      REQUIRE(tried.erase(key) == (sure.erase(key) == 1));
    } else {
      tried.set(key, i);
      sure[key] = i;
    }
    auto asked = std::to_string(random() % 3'000);
    auto* found = tried.find(asked);
    auto expected = sure.find(asked);
    REQUIRE((found != nullptr) == (expected != sure.end()));
    if (found) REQUIRE(*found == expected->second);
    REQUIRE(tried.size() == sure.size());
  }
  CHECK(all(tried) == sure);
  for (const auto& [key, value] : sure) tried.erase(key);
  CHECK(tried.empty());
  CHECK(all(tried).empty());
}

TEST_CASE("shared_map: a copy does not see later changes", "[routing]") {
  auto one = shared_map<int>{};
  for (int i = 0; i < 500; ++i) one.set(std::to_string(i), i);
  auto before = all(one);
  auto two = one;
  for (int i = 0; i < 500; i += 2) two.erase(std::to_string(i));
  two.set("1", -1);
  two.set("new", 7);
  CHECK(all(one) == before);
  CHECK(two.size() == 251);
  CHECK(*two.find("1") == -1);
}

TEST_CASE("shared_map: any bytes are a key", "[routing]") {
  auto map = shared_map<int>{};
  auto zero = std::string{'a', '\0', 'b'};
  map.set("", 1);
  map.set(zero, 2);
  CHECK(*map.find("") == 1);
  CHECK(*map.find(zero) == 2);
  CHECK(map.find("a") == nullptr);
}

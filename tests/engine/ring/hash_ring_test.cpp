#include "engine/ring/hash_ring.hpp"

#include <catch2/catch.hpp>

#include <map>

using troupe::hash_ring;

namespace {

/// A ring with one member per letter.
hash_ring ring_of(std::string_view letters) {
  auto ring = hash_ring{};
  for (const auto& letter : letters) ring.add({&letter, 1});
  return ring;
}

/// Who owns each of ten thousand made-up keys.
std::map<std::string, std::string> owners(const hash_ring& ring) {
  auto result = std::map<std::string, std::string>{};
  for (int i = 0; i < 10'000; ++i) {
    auto key = "user-" + std::to_string(i);
    result[key] = ring.owner(key).value();
  }
  return result;
}

} // namespace

TEST_CASE("hash_ring: an empty ring owns nothing", "[ring]") {
  CHECK_FALSE(hash_ring{}.owner("any key"));
  auto ring = ring_of("a");
  ring.remove("a");
  CHECK_FALSE(ring.owner("any key"));
}

TEST_CASE("hash_ring: the order of joining does not matter", "[ring]") {
  CHECK(ring_of("abc") == ring_of("caba"));
  CHECK_FALSE(ring_of("abc") == ring_of("abd"));
}

TEST_CASE("hash_ring: a member that leaves moves only its own keys", "[ring]") {
  auto ring = ring_of("abcd");
  auto before = owners(ring);
  ring.remove("c");
  for (auto& [key, owner] : owners(ring))
    CHECK((before[key] == "c" ? owner != "c" : owner == before[key]));
}

TEST_CASE("hash_ring: members share the keys fairly", "[ring]") {
  auto share = std::map<std::string, int>{};
  for (auto& [key, owner] : owners(ring_of("abcdefghij"))) ++share[owner];
  CHECK(share.size() == 10);
  for (auto& [name, keys] : share) CHECK(keys == Approx(1'000).margin(500));
}

TEST_CASE("hash_ring: a walk passes each member once, owner first", "[ring]") {
  CHECK(hash_ring{}.walk("any key").empty());
  auto ring = ring_of("abcde");
  for (int i = 0; i < 1'000; ++i) {
    auto key = "user-" + std::to_string(i);
    auto passed = ring.walk(key);
    REQUIRE(passed.size() == 5);
    auto left = ring;
    for (auto member : passed) {
      REQUIRE(left.owner(key) == member);
      left.remove(std::string{member});
    }
  }
}

TEST_CASE("hash_ring: owners are the same in every release", "[ring]") {
  auto ring = hash_ring{};
  for (auto name : {"node-1", "node-2", "node-3"}) ring.add(name);
  auto owned = std::string{};
  for (int i = 0; i < 12; ++i)
    owned += ring.owner("key-" + std::to_string(i)).value().back();
  CHECK(owned == "221223123322");
}

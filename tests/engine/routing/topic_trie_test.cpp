#include "engine/routing/topic_pattern.hpp"
#include "engine/routing/topic_trie.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>
#include <string>

using namespace troupe;

namespace {

binding_target target(const std::string& name) {
  return {nullptr, std::make_shared<const std::string>(name)};
}

struct rig {
  topic_trie trie;
  topic_trie::search search;
  std::vector<const target_set*> found;

  void add(const std::string& pattern) { trie.add(pattern, target(pattern)); }

  /// Returns the patterns that match; they are their own targets.
  std::multiset<std::string> match(std::string_view key) {
    found.clear();
    trie.match(key, search, found);
    auto names = std::multiset<std::string>{};
    for (auto* set : found)
      set->for_each([&](const auto& t) { names.insert(t.name()); });
    return names;
  }
};

using name_set = std::multiset<std::string>;

} // namespace

TEST_CASE("topic_trie: finds all patterns that match", "[routing]") {
  auto tried = rig{};
  for (auto* pattern : {"a.b", "a.*", "a.#", "#", "*.b", "b.#", "", "#.b.#"})
    tried.add(pattern);
  CHECK(
    tried.match("a.b") == name_set{"a.b", "a.*", "a.#", "#", "*.b", "#.b.#"});
  CHECK(tried.match("a") == name_set{"a.#", "#"});
  CHECK(tried.match("") == name_set{"", "#"});
  CHECK(tried.match("b.x.y") == name_set{"b.#", "#", "#.b.#"});
}

TEST_CASE("topic_trie: agrees with topic_pattern", "[routing]") {
  auto random = std::mt19937{5};
  auto text = [&](std::string_view letters) {
    auto made = std::string{};
    for (auto n = random() % 10; n > 0; --n)
      made += letters[random() % letters.size()];
    return made;
  };
  auto matched = std::size_t{0};
  for (int round = 0; round < 60; ++round) {
    auto tried = rig{};
    auto patterns = std::set<std::string>{};
    for (int i = 0; i < 120; ++i) patterns.insert(text("a.#*.b"));
    for (const auto& p : patterns) tried.add(p);
    while (patterns.size() > 60) { // those removed must leave no trace
      auto gone = std::next(
        patterns.begin(), static_cast<long>(random() % patterns.size()));
      tried.trie.remove(*gone, target(*gone));
      patterns.erase(gone);
    }
    for (int i = 0; i < 60; ++i) {
      auto key = text("ab.");
      auto expected = name_set{};
      for (const auto& p : patterns)
        if (topic_pattern{p}.matches(key)) expected.insert(p);
      matched += expected.size();
      INFO(key);
      REQUIRE(tried.match(key) == expected);
    }
    for (const auto& p : patterns) tried.trie.remove(p, target(p));
    REQUIRE(tried.trie.empty());
  }
  CHECK(matched > 1'000);
}

TEST_CASE("topic_trie: many hashes do not explode", "[routing]") {
  auto tried = rig{};
  auto pattern = std::string{};
  auto key = std::string{"a"};
  for (int i = 0; i < 60; ++i) pattern += "#.a.";
  for (int i = 0; i < 120; ++i) key += ".a";
  tried.add(pattern + "b");
  tried.add(pattern + "#");
  CHECK(tried.match(key) == name_set{pattern + "#"});
}

TEST_CASE("topic_trie: a pattern has each target once", "[routing]") {
  auto tried = rig{};
  tried.trie.add("a", target("x"));
  tried.trie.add("a", target("x"));
  tried.trie.add("a", target("y"));
  CHECK(tried.match("a") == name_set{"x", "y"});
  tried.trie.remove("a", target("x"));
  CHECK(tried.match("a") == name_set{"y"});
}

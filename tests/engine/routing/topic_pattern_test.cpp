#include "engine/routing/topic_pattern.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

using troupe::topic_pattern;

namespace {

bool matches(std::string_view pattern, std::string_view key) {
  return topic_pattern{pattern}.matches(key);
}

std::vector<std::string> words(const std::string& text) {
  auto all = std::vector<std::string>{};
  if (text.empty()) return all;
  auto at = std::size_t{0};
  for (auto dot = text.find('.'); dot != text.npos; dot = text.find('.', at)) {
    all.push_back(text.substr(at, dot - at));
    at = dot + 1;
  }
  all.push_back(text.substr(at));
  return all;
}

/// The rule said plainly, slow and sure.
bool plain(
  const std::vector<std::string>& pattern,
  const std::vector<std::string>& key,
  std::size_t p = 0,
  std::size_t k = 0) {
  if (p == pattern.size()) return k == key.size();
  if (pattern[p] == "#")
    return plain(pattern, key, p + 1, k)
           || (k < key.size() && plain(pattern, key, p, k + 1));
  return k < key.size() && (pattern[p] == "*" || pattern[p] == key[k])
         && plain(pattern, key, p + 1, k + 1);
}

} // namespace

TEST_CASE("topic_pattern: a star is exactly one word", "[routing]") {
  CHECK(matches("order.*", "order.new"));
  CHECK(matches("*.new", "order.new"));
  CHECK(matches("order.*", "order."));
  CHECK_FALSE(matches("order.*", "order"));
  CHECK_FALSE(matches("order.*", "order.new.eu"));
  CHECK_FALSE(matches("*", ""));
}

TEST_CASE("topic_pattern: a hash is any number of words", "[routing]") {
  CHECK(matches("refund.#", "refund"));
  CHECK(matches("refund.#", "refund.a.b.c"));
  CHECK(matches("#", ""));
  CHECK(matches("#", "a.b"));
  CHECK(matches("#.b.#.d", "a.b.b.c.d"));
  CHECK(matches("#.b", "a.b.c.b"));
  CHECK_FALSE(matches("refund.#", "refunds"));
  CHECK_FALSE(matches("#.b", "a.b.c"));
}

TEST_CASE("topic_pattern: other words match themselves alone", "[routing]") {
  CHECK(matches("a.b", "a.b"));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("a.b", "a.B"));
  CHECK_FALSE(matches("", "a"));
  CHECK_FALSE(matches("a*", "ab")); // a star within a word is a letter
  CHECK(matches("a*", "a*"));
}

TEST_CASE("topic_pattern: agrees with the rule said plainly", "[routing]") {
  auto random = std::mt19937{7};
  auto text = [&](std::string_view letters) {
    auto made = std::string{};
    for (auto n = random() % 9; n > 0; --n)
      made += letters[random() % letters.size()];
    return made;
  };
  auto matched = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto pattern = text("a.#*.");
    auto key = text("ab.");
    INFO(pattern << " against " << key);
    auto expected = plain(words(pattern), words(key));
    matched += expected;
    REQUIRE(matches(pattern, key) == expected);
  }
  CHECK(matched > 100);
}

TEST_CASE("topic_pattern: many hashes do not explode", "[routing]") {
  auto pattern = std::string{};
  auto key = std::string{"a"};
  for (int i = 0; i < 40; ++i) pattern += "#.a.";
  for (int i = 0; i < 120; ++i) key += ".a";
  CHECK_FALSE(matches(pattern + "b", key));
  CHECK(matches(pattern + "#", key));
}

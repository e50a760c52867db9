#include "engine/routing/topic_pattern.hpp"

#include <cstddef>

namespace troupe {

namespace {

constexpr auto end = std::string_view::npos;

/// A place in a key: where the next word begins, or `end`.
struct word_place {
  std::string_view key;
  std::size_t at;

  std::string_view word() const {
    return key.substr(at, key.find('.', at) - at);
  }
  word_place next() const {
    auto dot = key.find('.', at);
    return {key, dot == end ? end : dot + 1};
  }
};

word_place first_word(std::string_view key) {
  return {key, key.empty() ? end : 0};
}

} // namespace

topic_pattern::topic_pattern(std::string_view text) {
  for (auto at = first_word(text); at.at != end; at = at.next())
    words_.emplace_back(at.word());
}

bool topic_pattern::matches(std::string_view key) const {
  // Where to go on after the last '#' once it takes one word more.
  auto retry_word = end;
  auto retry_place = word_place{};
  auto i = std::size_t{0};
  auto place = first_word(key);
  while (place.at != end) {
    if (i < words_.size() && words_[i] == "#") {
      retry_word = ++i;
      retry_place = place;
    } else if (
      i < words_.size() && (words_[i] == "*" || words_[i] == place.word())) {
      ++i;
      place = place.next();
    } else if (retry_word != end) {
      i = retry_word;
      place = retry_place = retry_place.next();
    } else {
      return false;
    }
  }
  while (i < words_.size() && words_[i] == "#") ++i;
  return i == words_.size();
}

} // namespace troupe

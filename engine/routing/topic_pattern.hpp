#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Matches routing keys as a topic exchange does: words between dots, where
/// `*` stands for one word and `#` for any number of them, none included. An
/// empty key has no words.
class topic_pattern {
public:
  explicit topic_pattern(std::string_view text);

  /// Takes time in proportion to words of the key times words of the pattern,
  /// at worst; allocates nothing.
  bool matches(std::string_view key) const;

  bool operator==(const topic_pattern&) const = default;

private:
  std::vector<std::string> words_;
};

} // namespace troupe

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

/// A place in a text; both count from 1, columns in bytes.
struct text_position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  bool operator==(const text_position&) const = default;
};

/// Keys may have at most this many dots. The parser bounds brackets alone, and
/// a long enough key would exhaust its stack.
inline constexpr std::uint32_t most_dots = 32;

/// Returns where a key of a TOML text gets one dot too many, if one does.
std::optional<text_position> find_deep_key(std::string_view text);

} // namespace troupe

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// What is wrong with a text before the parser has seen it, and where.
struct scan_fault {
  std::uint32_t line = 1;
  std::uint32_t column = 1; // in characters
  std::string message;
  std::string label;
  std::string help;
};

/// Finds what TOML or a configuration never has and the parser does not
/// survive: keys of very many dots, which exhaust its stack, and letters
/// outside ASCII where there is neither text nor comment, which it takes for
/// impossible.
std::optional<scan_fault> scan_toml(std::string_view text);

} // namespace troupe

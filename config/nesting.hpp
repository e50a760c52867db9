#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

/// Keys may have at most this many dots. The parser itself bounds brackets
/// only, and would run out of stack on a long enough dotted key.
inline constexpr std::uint32_t most_dots = 32;

/// Returns the first line of a TOML text with a key of more dots, from 1; 0 if
/// there is none.
std::uint32_t find_deep_key(std::string_view text);

} // namespace troupe

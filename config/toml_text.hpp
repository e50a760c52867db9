#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// Writes a key, in quotes unless it is made of letters, digits, `_` and `-`.
std::string toml_key(std::string_view key);

/// Writes a text in quotes; variables in it are escaped.
std::string toml_string(std::string_view text);

/// Writes a number so that it reads back as the same number.
std::string toml_number(double value);

} // namespace troupe

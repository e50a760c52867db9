#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

std::string to_base64(std::string_view bytes);

/// Returns the bytes, or nothing where `text` is not exactly what `to_base64`
/// writes for them.
std::optional<std::string> parse_base64(std::string_view text);

} // namespace troupe

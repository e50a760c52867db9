#pragma once

#include "engine/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Reads a whole number and its unit: "5ms", "30s", "10m", "1h", "2d", up to
/// 36500 days. Nothing if the text is anything else.
std::optional<duration> parse_duration(std::string_view text);

/// Reads a whole number and its unit: B, kB, MB, GB, TB (thousands) or KiB,
/// MiB, GiB, TiB (1024s), up to 2^63 - 1 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// Write what the functions above read, in the largest unit that is exact.
std::string duration_text(duration value);
std::string size_text(std::uint64_t bytes);

} // namespace troupe

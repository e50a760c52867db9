#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

/// Hashes bytes to the same number on every machine, build and release:
/// XXH3, 64 bits, seed 0.
///
/// Use it wherever the number leaves the process: ring positions, slots, keys
/// on disk. `std::hash` promises none of this.
std::uint64_t stable_hash(std::string_view bytes) noexcept;

} // namespace troupe

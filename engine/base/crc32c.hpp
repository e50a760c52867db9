#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe {

constexpr std::size_t crc32c_bytes = sizeof(std::uint32_t);

/// Returns the CRC-32C (Castagnoli, as in RFC 3720) of `bytes`. To go on over
/// further bytes pass the sum so far.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far = 0) noexcept;

/// The same without the processor's own instruction; for tests.
std::uint32_t
portable_crc32c(std::string_view bytes, std::uint32_t so_far = 0) noexcept;

} // namespace troupe

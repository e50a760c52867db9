#include "engine/base/crc32c.hpp"

#include "engine/base/bytes.hpp"

#include <array>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace troupe {

namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  auto table = std::array<std::uint32_t, 256>{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    auto sum = byte;
    for (int bit = 0; bit < 8; ++bit)
      sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = sum;
  }
  return table;
}

constexpr auto table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t
fast_crc32c(std::string_view bytes, std::uint32_t so_far) noexcept {
  auto sum = std::uint64_t{~so_far};
  for (; bytes.size() >= 8; bytes.remove_prefix(8))
    sum = _mm_crc32_u64(sum, load<std::uint64_t>(bytes.data()));
  auto rest = static_cast<std::uint32_t>(sum);
  for (char c : bytes) rest = _mm_crc32_u8(rest, static_cast<unsigned char>(c));
  return ~rest;
}
#endif

} // namespace

std::uint32_t
portable_crc32c(std::string_view bytes, std::uint32_t so_far) noexcept {
  auto sum = ~so_far;
  for (char c : bytes)
    sum = table[(sum ^ static_cast<unsigned char>(c)) & 0xff] ^ (sum >> 8);
  return ~sum;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t so_far) noexcept {
#if defined(__x86_64__)
  static const bool is_fast = __builtin_cpu_supports("sse4.2") != 0;
  if (is_fast) return fast_crc32c(bytes, so_far);
#endif
  return portable_crc32c(bytes, so_far);
}

} // namespace troupe

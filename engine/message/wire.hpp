#pragma once

#include "engine/base/bytes.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// AMQP's own way to write integers and strings: big-endian.

namespace troupe {

/// Turns the order of an integer's bytes around. Spelled out by size, since a
/// loop over the bytes stays a loop.
template <std::unsigned_integral T>
constexpr T swap_bytes(T value) {
  if constexpr (sizeof(T) == 1)
    return value;
  else if constexpr (sizeof(T) == 2)
    return __builtin_bswap16(value);
  else if constexpr (sizeof(T) == 4)
    return __builtin_bswap32(value);
  else
    return __builtin_bswap64(value);
}

/// Appends an integer, big-endian.
template <std::unsigned_integral T>
void put_wire(std::string& out, T value) {
  put(out, swap_bytes(value));
}

/// Writes an integer over what is at `to`, big-endian.
template <std::unsigned_integral T>
void store_wire(char* to, T value) {
  value = swap_bytes(value);
  std::memcpy(to, &value, sizeof value);
}

/// Reads a big-endian integer that need not be aligned.
template <std::unsigned_integral T>
T load_wire(const char* from) {
  return swap_bytes(load<T>(from));
}

template <std::unsigned_integral T>
T take_wire(byte_reader& from) {
  return swap_bytes(from.take<T>());
}

constexpr std::size_t most_short_string = 255; // bytes

/// Appends a length of 8 bits and the bytes; what is over 255 is cut.
inline void put_short_string(std::string& out, std::string_view text) {
  text = text.substr(0, most_short_string);
  put(out, static_cast<std::uint8_t>(text.size()));
  out.append(text);
}

/// Appends a length of 32 bits and the bytes. `text` is under 4 GiB.
inline void put_long_string(std::string& out, std::string_view text) {
  put_wire(out, static_cast<std::uint32_t>(text.size()));
  out.append(text);
}

inline std::string_view take_short_string(byte_reader& from) {
  return from.take_bytes(from.take<std::uint8_t>());
}

inline std::string_view take_long_string(byte_reader& from) {
  return from.take_bytes(take_wire<std::uint32_t>(from));
}

} // namespace troupe

#include "engine/message/field_walk.hpp"

#include "engine/message/wire.hpp"

namespace troupe {

namespace {

// Bytes of a value: fixed, or told by 32 bits in front of them.
constexpr int has_length = -1;
constexpr int unknown = -2;

constexpr int wire_size(char code) {
  switch (code) {
    case 'V': return 0;
    case 't':
    case 'b':
    case 'B': return 1;
    case 's':
    case 'u': return 2;
    case 'I':
    case 'i':
    case 'f': return 4;
    case 'D': return 5;
    case 'l':
    case 'L':
    case 'd':
    case 'T': return 8;
    case 'S':
    case 'x':
    case 'A':
    case 'F': return has_length;
    default: return unknown;
  }
}

encoded_field take_named(byte_reader& from, std::string_view name) {
  auto code = static_cast<char>(from.take<std::uint8_t>());
  auto size = wire_size(code);
  if (size == unknown) {
    from.fail();
    return {};
  }
  auto value = size == has_length
                 ? take_long_string(from)
                 : from.take_bytes(static_cast<std::size_t>(size));
  return {name, code, value};
}

} // namespace

encoded_field take_field(byte_reader& from) {
  return take_named(from, take_short_string(from));
}

encoded_field take_value(byte_reader& from) { return take_named(from, {}); }

std::optional<encoded_field>
find(std::string_view encoded, std::string_view name) {
  auto from = byte_reader{encoded};
  from = byte_reader{take_long_string(from)};
  while (!from.at_end()) {
    auto found = take_field(from);
    if (!from.ok()) return std::nullopt;
    if (found.name == name) return found;
  }
  return std::nullopt;
}

} // namespace troupe

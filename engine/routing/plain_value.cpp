#include "engine/routing/plain_value.hpp"

#include "engine/message/wire.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <type_traits>
#include <variant>

namespace troupe {

namespace {

using kind = plain_value::kind;

plain_value number(std::int64_t value) {
  auto made = plain_value{};
  made.what = kind::integer;
  made.integer = value;
  return made;
}

plain_value real(double value) {
  auto made = plain_value{};
  made.what = kind::real;
  made.real = value;
  return made;
}

plain_value boolean(bool value) {
  auto made = plain_value{};
  made.what = kind::boolean;
  made.integer = value;
  return made;
}

plain_value as_bytes(kind what, char code, std::string_view bytes) {
  auto made = plain_value{};
  made.what = what;
  made.code = code;
  made.bytes = bytes;
  return made;
}

template <class Signed>
plain_value wire_number(std::string_view bytes) {
  using wire = std::make_unsigned_t<Signed>;
  return number(static_cast<Signed>(load_wire<wire>(bytes.data())));
}

template <class Unsigned>
plain_value wire_count(std::string_view bytes) {
  return number(static_cast<std::int64_t>(load_wire<Unsigned>(bytes.data())));
}

/// Returns the bytes a value of `code` has at least; its reading relies on it.
std::size_t width(char code) {
  switch (code) {
    case 't':
    case 'b':
    case 'B': return 1;
    case 's':
    case 'u': return 2;
    case 'I':
    case 'i':
    case 'f': return 4;
    case 'l':
    case 'L':
    case 'T':
    case 'd': return 8;
    default: return 0;
  }
}

} // namespace

plain_value plain(const encoded_field& from) {
  const auto& bytes = from.value;
  if (bytes.size() < width(from.code)) return {};
  switch (from.code) {
    case 'V': return {};
    case 't': return boolean(bytes[0] != 0);
    case 'b': return wire_number<std::int8_t>(bytes);
    case 'B': return wire_count<std::uint8_t>(bytes);
    case 's': return wire_number<std::int16_t>(bytes);
    case 'u': return wire_count<std::uint16_t>(bytes);
    case 'I': return wire_number<std::int32_t>(bytes);
    case 'i': return wire_count<std::uint32_t>(bytes);
    case 'l':
    case 'L': return wire_number<std::int64_t>(bytes);
    case 'T': return wire_count<std::uint64_t>(bytes);
    case 'f':
      return real(std::bit_cast<float>(load_wire<std::uint32_t>(bytes.data())));
    case 'd':
      return real(
        std::bit_cast<double>(load_wire<std::uint64_t>(bytes.data())));
    case 'S':
    case 'x': return as_bytes(kind::text, 'S', bytes);
    default: return as_bytes(kind::other, from.code, bytes);
  }
}

bool is_same(const plain_value& a, const plain_value& b) {
  if (a.what == kind::integer && b.what == kind::real)
    return static_cast<double>(a.integer) == b.real;
  if (a.what == kind::real && b.what == kind::integer) return is_same(b, a);
  return a == b;
}

// -- arguments of declarations

std::string value_text(const field_value& value) {
  if (std::holds_alternative<std::monostate>(value.value)) return "undefined";
  return to_text(value).value_or("...");
}

field_table sorted(field_table table) {
  std::stable_sort(
    table.fields.begin(), table.fields.end(),
    [](const field& a, const field& b) { return a.name < b.name; });
  return table;
}

} // namespace troupe

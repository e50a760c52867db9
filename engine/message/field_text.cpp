#include "engine/message/field_table.hpp"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>

namespace troupe {

namespace {

template <class T>
std::string number_text(T number) {
  char digits[64];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  return {digits, end};
}

std::string decimal_text(const field_decimal& v) {
  auto text = number_text(v.unscaled);
  auto sign = std::size_t{text.starts_with('-')};
  auto scale = std::size_t{v.scale};
  if (scale == 0) return text;
  if (text.size() - sign <= scale)
    text.insert(sign, scale + 1 - (text.size() - sign), '0');
  return text.insert(text.size() - scale, 1, '.');
}

struct text_of {
  using answer = std::optional<std::string>;
  answer operator()(std::monostate) const { return std::nullopt; }
  answer operator()(bool v) const { return v ? "true" : "false"; }
  answer operator()(std::integral auto v) const { return number_text(v); }
  answer operator()(std::floating_point auto v) const { return number_text(v); }
  answer operator()(const field_decimal& v) const { return decimal_text(v); }
  answer operator()(const std::string& v) const { return v; }
  answer operator()(const field_bytes& v) const { return v.bytes; }
  answer operator()(const field_time& v) const {
    return number_text(v.seconds);
  }
  answer operator()(const field_array&) const { return std::nullopt; }
  answer operator()(const field_table&) const { return std::nullopt; }
};

} // namespace

std::optional<std::string> to_text(const field_value& value) {
  return std::visit(text_of{}, value.value);
}

std::optional<std::string> to_text(const encoded_field& encoded) {
  // A table or an array has no text: not worth decoding.
  if (encoded.code == 'A' || encoded.code == 'F') return std::nullopt;
  auto value = decode(encoded);
  return value ? to_text(*value) : std::nullopt;
}

} // namespace troupe

#include "engine/message/properties.hpp"
#include "engine/message/property_list.hpp"
#include "engine/message/wire.hpp"

#include <algorithm>

namespace troupe {

namespace {

using named_values = std::vector<std::pair<std::string, field_value>>;

constexpr std::size_t headers_at = 2; // behind two strings
static_assert(
  std::get<headers_at>(property_fields).member == &properties::headers);

/// Appends the fields of an encoded table but those that `named` replaces.
void copy_others(
  std::string& out, std::string_view table, const named_values& named) {
  auto from = byte_reader{table};
  from = byte_reader{take_long_string(from)};
  while (!from.at_end()) {
    auto start = from.rest();
    auto found = take_field(from);
    auto is_replaced = std::ranges::any_of(named, [&](const auto& x) {
      return std::string_view{x.first}.substr(0, most_short_string)
             == found.name;
    });
    if (from.ok() && !is_replaced)
      out.append(start.substr(0, start.size() - from.rest().size()));
  }
}

/// Returns the fields of `named`, encoded, without a length in front.
std::string encoded_fields(const named_values& named) {
  auto table = field_table{};
  for (const auto& [name, value] : named) table.fields.push_back({name, value});
  return encode(table).substr(4);
}

/// The values of a list: those before its headers, these, those after them.
struct parts {
  std::string_view before;
  std::string_view table; // its length in front; empty: there is none
  std::string_view after;
};

parts split(std::string_view encoded) {
  if (encoded.empty()) return {};
  auto values = encoded.substr(2);
  auto before = std::size_t{0};
  for (std::size_t i = 0; i < headers_at; ++i)
    if (auto found = find_text_property(encoded, property_names()[i]))
      before =
        static_cast<std::size_t>(found->data() + found->size() - values.data());
  auto table = find_headers(encoded).value_or(std::string_view{});
  return {
    values.substr(0, before), table, values.substr(before + table.size())};
}

} // namespace

std::string
with_headers(std::string_view encoded, const named_values& headers) {
  if (!decode_properties(encoded)) encoded = {};
  if (headers.empty()) return std::string{encoded};
  auto [before, table, after] = split(encoded);
  auto fields = std::string{};
  if (!table.empty()) copy_others(fields, table, headers);
  fields += encoded_fields(headers);

  auto flags = encoded.empty() ? std::uint16_t{0}
                               : load_wire<std::uint16_t>(encoded.data());
  auto out = std::string{};
  out.reserve(encoded.size() + fields.size() + 6);
  put_wire(out, static_cast<std::uint16_t>(flags | property_flag(headers_at)));
  out.append(before);
  put_long_string(out, fields);
  return out.append(after);
}

} // namespace troupe

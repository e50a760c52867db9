#include "engine/message/properties.hpp"
#include "engine/message/property_list.hpp"
#include "engine/message/wire.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>

namespace troupe {

namespace {

constexpr auto names = [] {
  auto all = std::array<std::string_view, property_count>{};
  for_each_property(
    [&](const auto& field, std::size_t i) { all[i] = field.name; });
  return all;
}();

constexpr auto kinds = [] {
  auto all = std::array<property_kind, property_count>{};
  for_each_property([&](const auto& field, std::size_t i) {
    all[i] = kind_of<typename std::decay_t<decltype(field)>::type>();
  });
  return all;
}();

constexpr auto headers_index = static_cast<std::size_t>(
  std::ranges::find(names, std::string_view{"headers"}) - names.begin());

/// Takes one value: without its length, but a table with it.
std::string_view take_value(byte_reader& from, property_kind kind) {
  switch (kind) {
    case property_kind::text: return take_short_string(from);
    case property_kind::octet: return from.take_bytes(1);
    case property_kind::time: return from.take_bytes(8);
    case property_kind::table: break;
  }
  auto start = from.rest();
  auto length = take_long_string(from).size();
  return from.ok() ? start.substr(0, length + 4) : std::string_view{};
}

/// Returns the bytes of property `i`, as `take_value` gives them.
std::optional<std::string_view> value(std::string_view encoded, std::size_t i) {
  auto from = byte_reader{encoded};
  auto flags = take_wire<std::uint16_t>(from);
  if (flags & unused_property_flags || !(flags & property_flag(i)))
    return std::nullopt;
  for (std::size_t before = 0; before < i; ++before)
    if (flags & property_flag(before)) take_value(from, kinds[before]);
  auto found = take_value(from, kinds[i]);
  if (!from.ok()) return std::nullopt;
  return found;
}

std::size_t index(std::string_view name) {
  return static_cast<std::size_t>(
    std::ranges::find(names, name) - names.begin());
}

} // namespace

const std::array<std::string_view, 14>& property_names() { return names; }

std::optional<std::string>
find_property(std::string_view encoded, std::string_view name) {
  auto i = index(name);
  if (i == property_count) return std::nullopt;
  auto found = value(encoded, i);
  if (!found) return std::nullopt;
  switch (kinds[i]) {
    case property_kind::text: return std::string{*found};
    case property_kind::octet:
      return std::to_string(load_wire<std::uint8_t>(found->data()));
    case property_kind::time:
      return std::to_string(load_wire<std::uint64_t>(found->data()));
    case property_kind::table: break;
  }
  return std::nullopt;
}

std::optional<std::string_view>
find_text_property(std::string_view encoded, std::string_view name) {
  auto i = index(name);
  if (i == property_count || kinds[i] != property_kind::text)
    return std::nullopt;
  return value(encoded, i);
}

std::optional<std::string_view> find_headers(std::string_view encoded) {
  return value(encoded, headers_index);
}

std::optional<encoded_field>
find_header(std::string_view encoded, std::string_view name) {
  auto table = find_headers(encoded);
  return table ? find(*table, name) : std::nullopt;
}

std::optional<std::string_view>
find_text_header(std::string_view encoded, std::string_view name) {
  auto found = find_header(encoded, name);
  if (!found || (found->code != 'S' && found->code != 'x')) return std::nullopt;
  return found->value;
}

} // namespace troupe

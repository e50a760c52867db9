#include "engine/amqp/property_edit.hpp"

#include "engine/message/properties.hpp"
#include "engine/message/property_list.hpp"
#include "engine/message/wire.hpp"

namespace troupe::amqp {

namespace {

constexpr std::uint16_t flag_of(std::string_view name) {
  auto flag = std::uint16_t{0};
  for_each_property([&](const auto& field, std::size_t i) {
    if (field.name == name) flag = property_flag(i);
  });
  return flag;
}

/// Returns the list with other bytes in place of `part`, a view into it.
std::string
with_part(std::string_view list, std::string_view part, std::string_view by) {
  auto start = static_cast<std::size_t>(part.data() - list.data());
  auto made = std::string{list.substr(0, start)};
  return made.append(by).append(list.substr(start + part.size()));
}

} // namespace

std::string without_header(std::string_view properties, std::string_view name) {
  auto table = find_headers(properties);
  if (!table) return std::string{properties};
  auto from = byte_reader{table->substr(4)};
  auto kept = std::string{};
  while (!from.at_end()) {
    auto start = from.rest();
    if (take_field(from).name != name && from.ok())
      kept.append(start.substr(0, start.size() - from.rest().size()));
  }
  auto encoded = std::string{};
  put_long_string(encoded, kept);
  return with_part(properties, *table, encoded);
}

std::string
with_reply_to(std::string_view properties, std::string_view address) {
  auto found = find_text_property(properties, "reply_to");
  if (!found) return std::string{properties};
  auto encoded = std::string{};
  put_short_string(encoded, address);
  auto part = std::string_view{found->data() - 1, found->size() + 1};
  return with_part(properties, part, encoded);
}

property_glance glance(std::string_view encoded) {
  if (encoded.size() < 2) return {};
  auto flags = load_wire<std::uint16_t>(encoded.data());
  auto has = [&](std::uint16_t flag) { return (flags & flag) != 0; };
  constexpr auto headers = flag_of("headers");
  constexpr auto priority = flag_of("priority");
  constexpr auto reply_to = flag_of("reply_to");
  constexpr auto expiration = flag_of("expiration");
  constexpr auto user_id = flag_of("user_id");
  return {
    has(headers), has(priority), has(reply_to), has(expiration), has(user_id)};
}

} // namespace troupe::amqp

#include "engine/message/properties.hpp"

#include "engine/message/property_list.hpp"
#include "engine/message/wire.hpp"

namespace troupe {

namespace {

void put_value(std::string& out, const std::string& v) {
  put_short_string(out, v);
}
void put_value(std::string& out, std::uint8_t v) { put(out, v); }
void put_value(std::string& out, field_time v) { put_wire(out, v.seconds); }
void put_value(std::string& out, const field_table& v) { encode_to(out, v); }

void take_value(byte_reader& from, std::string& to) {
  to = take_short_string(from);
}
void take_value(byte_reader& from, std::uint8_t& to) {
  to = from.take<std::uint8_t>();
}
void take_value(byte_reader& from, field_time& to) {
  to.seconds = take_wire<std::uint64_t>(from);
}
void take_value(byte_reader& from, field_table& to) {
  auto start = from.rest();
  auto length = take_long_string(from).size();
  auto table = decode_field_table(start.substr(0, from.ok() ? length + 4 : 0));
  if (table)
    to = std::move(*table);
  else
    from.fail();
}

} // namespace

std::string encode(const properties& set) {
  auto flags = std::uint16_t{0};
  auto values = std::string{};
  for_each_property([&](const auto& field, std::size_t i) {
    const auto& value = set.*field.member;
    if (!value) return;
    flags |= property_flag(i);
    put_value(values, *value);
  });
  auto out = std::string{};
  if (flags == 0) return out;
  put_wire(out, flags);
  return out += values;
}

result<properties> decode_properties(std::string_view encoded) {
  auto set = properties{};
  if (encoded.empty()) return set;
  auto from = byte_reader{encoded};
  auto flags = take_wire<std::uint16_t>(from);
  if (flags & unused_property_flags)
    return error{
      errc::corrupt, "a property list has flags that AMQP 0-9-1 "
                     "does not define"};
  for_each_property([&](const auto& field, std::size_t i) {
    if (flags & property_flag(i))
      take_value(from, (set.*field.member).emplace());
  });
  if (!from.ok() || !from.at_end())
    return error{
      errc::corrupt, "a property list is damaged: its values do "
                     "not fit its flags"};
  return set;
}

} // namespace troupe

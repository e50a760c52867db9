#include "engine/amqp/content.hpp"

#include "engine/message/field_table.hpp"
#include "engine/message/property_list.hpp"
#include "engine/message/wire.hpp"

#include <array>
#include <bit>
#include <string>

namespace troupe::amqp {

namespace {

constexpr std::size_t header_bytes = 12; // before the properties

constexpr auto kinds = [] {
  auto all = std::array<property_kind, property_count>{};
  for_each_property([&](const auto& field, std::size_t i) {
    all[i] = kind_of<typename std::decay_t<decltype(field)>::type>();
  });
  return all;
}();

/// Walks a table as its decoder does, with the same limits.
class table_check {
public:
  bool holds(std::string_view encoded) {
    auto from = byte_reader{encoded};
    auto content = take_long_string(from);
    return from.ok() && from.at_end() && table(content);
  }

private:
  bool table(std::string_view content) {
    return each(content, [](byte_reader& from) { return take_field(from); });
  }

  bool array(std::string_view content) {
    return each(content, [](byte_reader& from) { return take_value(from); });
  }

  template <class Take>
  bool each(std::string_view content, Take take) {
    if (++depth_ > most_table_depth) return false;
    auto from = byte_reader{content};
    while (!from.at_end()) {
      auto found = take(from);
      if (!from.ok() || !inner(found) || ++values_ > most_table_values)
        return false;
    }
    --depth_;
    return from.ok();
  }

  bool inner(const encoded_field& field) {
    if (field.code == 'F') return table(field.value);
    if (field.code == 'A') return array(field.value);
    return true;
  }

  std::size_t depth_ = 0;
  std::size_t values_ = 0;
};

bool take_table(byte_reader& from) {
  auto start = from.rest();
  auto size = take_long_string(from).size();
  return from.ok() && is_valid_table(start.substr(0, size + 4));
}

bool take_property(byte_reader& from, property_kind kind) {
  switch (kind) {
    case property_kind::text: take_short_string(from); return from.ok();
    case property_kind::octet: from.take_bytes(1); return from.ok();
    case property_kind::time: from.take_bytes(8); return from.ok();
    case property_kind::table: break;
  }
  return take_table(from);
}

protocol_error refused_class(std::uint16_t class_id) {
  return {
    reply_code::unexpected_frame, "expected content header for class 60, got "
                                  "one for class "
                                    + std::to_string(class_id) + " instead"};
}

} // namespace

bool is_valid_table(std::string_view encoded) {
  return table_check{}.holds(encoded);
}

bool is_valid_properties(std::string_view encoded) {
  if (encoded.empty()) return true;
  auto from = byte_reader{encoded};
  auto flags = unsigned{take_wire<std::uint16_t>(from)};
  if (!from.ok() || (flags & unused_property_flags)) return false;
  // One step a property that is there, not one a property that there could be.
  while (flags != 0) {
    auto i = static_cast<std::size_t>(
      std::countl_zero(static_cast<std::uint16_t>(flags)));
    if (!take_property(from, kinds[i])) return false;
    flags &= ~unsigned{property_flag(i)};
  }
  return from.at_end();
}

checked<content_header> decode_content_header(std::string_view payload) {
  if (payload.size() < header_bytes + sizeof(std::uint16_t))
    return protocol_error{
      reply_code::frame_error, "a content header of "
                                 + std::to_string(payload.size())
                                 + " bytes is too short"};
  auto class_id = load_wire<std::uint16_t>(payload.data());
  if (class_id != content_class) return refused_class(class_id);
  if (load_wire<std::uint16_t>(payload.data() + 2) != 0)
    return protocol_error{
      reply_code::unexpected_frame, "a content header's weight is not 0"};
  auto properties = payload.substr(header_bytes);
  if (!is_valid_properties(properties))
    return protocol_error{
      reply_code::syntax_error,
      "a message's properties do not fit their flags, or a header has an "
      "unknown type or is nested over 32 deep"};
  if (properties == std::string_view{"\0\0", 2}) properties = {};
  return content_header{
    load_wire<std::uint64_t>(payload.data() + 4), properties};
}

} // namespace troupe::amqp

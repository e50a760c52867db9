#pragma once

#include "engine/base/result.hpp"
#include "engine/message/field_table.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The properties that AMQP 0-9-1 lets a message have.
struct properties {
  using text = std::optional<std::string>; // at most 255 bytes when encoded

  text content_type;
  text content_encoding;
  std::optional<field_table> headers;
  std::optional<std::uint8_t> delivery_mode; // 1 transient, 2 persistent
  std::optional<std::uint8_t> priority;
  text correlation_id;
  text reply_to;
  text expiration; // milliseconds, as decimal text
  text message_id;
  std::optional<field_time> timestamp;
  text type;
  text user_id;
  text app_id;
  text cluster_id;

  bool operator==(const properties&) const = default;
};

/// Returns the list as AMQP puts it in a content header: 16 bits of flags,
/// then the values. Empty where nothing is set; strings over 255 bytes are cut.
std::string encode(const properties& set);

/// Reads a list that takes up all of `encoded`; an empty one has no
/// properties. Fails with `corrupt` for anything else; safe for any bytes.
result<properties> decode_properties(std::string_view encoded);

/// Returns the names of all properties, as `find_property` knows them, in the
/// order of their flags.
const std::array<std::string_view, 14>& property_names();

// -- without building the list
//
// These answer "nothing" wherever the bytes make no sense. Views are good as
// long as `encoded`.

/// Returns a property as text; never `headers`.
std::optional<std::string>
find_property(std::string_view encoded, std::string_view name);

/// The same for properties that are strings.
std::optional<std::string_view>
find_text_property(std::string_view encoded, std::string_view name);

/// Returns the encoded table of headers, its length in front.
std::optional<std::string_view> find_headers(std::string_view encoded);

std::optional<encoded_field>
find_header(std::string_view encoded, std::string_view name);

/// Returns a header that is a string (`S` or `x`).
std::optional<std::string_view>
find_text_header(std::string_view encoded, std::string_view name);

/// Returns the list with headers added at the end of its table; those of the
/// same names go. Everything else stays byte for byte as it was. A damaged list
/// is dropped: what comes back holds `headers` alone.
std::string with_headers(
  std::string_view encoded,
  const std::vector<std::pair<std::string, field_value>>& headers);

} // namespace troupe

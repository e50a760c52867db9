#pragma once

#include "engine/message/properties.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>

// The one description of the properties that encoder, decoder and finders
// share. For codecs only: this folder's and AMQP's.

namespace troupe {

template <class T>
struct property_field {
  using type = T;
  constexpr property_field(
    std::string_view its_name, std::optional<T> properties::*its_member)
    : name{its_name}, member{its_member} {}

  std::string_view name;
  std::optional<T> properties::*member;
};

/// All properties in the order of their flags, the highest bit first.
constexpr auto property_fields = std::tuple{
  property_field{"content_type", &properties::content_type},
  property_field{"content_encoding", &properties::content_encoding},
  property_field{"headers", &properties::headers},
  property_field{"delivery_mode", &properties::delivery_mode},
  property_field{"priority", &properties::priority},
  property_field{"correlation_id", &properties::correlation_id},
  property_field{"reply_to", &properties::reply_to},
  property_field{"expiration", &properties::expiration},
  property_field{"message_id", &properties::message_id},
  property_field{"timestamp", &properties::timestamp},
  property_field{"type", &properties::type},
  property_field{"user_id", &properties::user_id},
  property_field{"app_id", &properties::app_id},
  property_field{"cluster_id", &properties::cluster_id},
};
constexpr std::size_t property_count =
  std::tuple_size_v<decltype(property_fields)>;

constexpr std::uint16_t property_flag(std::size_t i) {
  return static_cast<std::uint16_t>(0x8000u >> i);
}

/// The two lowest bits name no property; the lowest announces more flags,
/// which no property needs.
constexpr std::uint16_t unused_property_flags = 0x0003;

enum class property_kind : std::uint8_t { text, octet, time, table };

template <class T>
constexpr property_kind kind_of() {
  if (std::is_same_v<T, std::string>) return property_kind::text;
  if (std::is_same_v<T, field_table>) return property_kind::table;
  if (std::is_same_v<T, field_time>) return property_kind::time;
  return property_kind::octet;
}

/// Calls `visit(field, i)` for each property in order.
template <class Visitor>
constexpr void for_each_property(Visitor visit) {
  auto i = std::size_t{0};
  std::apply(
    [&](const auto&... field) { (visit(field, i++), ...); }, property_fields);
}

} // namespace troupe

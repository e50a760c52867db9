#pragma once

#include "engine/message/field_lookup.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A field's value, so that widths of integers and kinds of strings no longer
/// tell values apart. Views are into the encoded field.
struct plain_value {
  enum class kind : std::uint8_t { none, boolean, integer, real, text, other };

  kind what = kind::none;
  std::int64_t integer = 0; // booleans too; times, as seconds
  double real = 0;
  char code = 'V';        // of other kinds: D, A, F; S of texts
  std::string_view bytes; // of texts and other kinds

  bool operator==(const plain_value&) const = default;
};

plain_value plain(const encoded_field& from);

/// Compares as RabbitMQ's headers exchange does: 5 and 5.0 are the same.
bool is_same(const plain_value& a, const plain_value& b);

// -- arguments of declarations

/// Returns the value as RabbitMQ's texts show it; tables and arrays as "...".
std::string value_text(const field_value& value);

/// Returns the table with its fields in the order of their names.
field_table sorted(field_table table);

} // namespace troupe

#pragma once

#include "engine/base/result.hpp"
#include "engine/message/field_walk.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe {

// AMQP 0-9-1 field tables with the types that RabbitMQ writes: one C++ type
// for each code, so that a value keeps its type on the way through.

struct field_value;
struct field;

/// `F`: named values in the order they were written; names may repeat.
struct field_table {
  std::vector<field> fields;
  friend bool operator==(const field_table&, const field_table&);
};

/// `A`
struct field_array {
  std::vector<field_value> values;
  friend bool operator==(const field_array&, const field_array&);
};

/// `D`: `unscaled` / 10^`scale`.
struct field_decimal {
  std::uint8_t scale = 0;
  std::int32_t unscaled = 0;
  bool operator==(const field_decimal&) const = default;
};

/// `T`: seconds since 1970.
struct field_time {
  std::uint64_t seconds = 0;
  bool operator==(const field_time&) const = default;
};

/// `x`: a string that is no text.
struct field_bytes {
  std::string bytes;
  bool operator==(const field_bytes&) const = default;
};

/// Any value: `V` (none), `t`, `b B s u I i l f d` (numbers), `D S x T A F`.
/// `L` is read as `l`, which is the same type.
struct field_value {
  using any = std::variant<
    std::monostate,
    bool,
    std::int8_t,
    std::uint8_t,
    std::int16_t,
    std::uint16_t,
    std::int32_t,
    std::uint32_t,
    std::int64_t,
    float,
    double,
    field_decimal,
    std::string,
    field_bytes,
    field_time,
    field_array,
    field_table>;

  any value;

  bool operator==(const field_value&) const = default;
};

struct field {
  std::string name; // at most 255 bytes; longer ones are cut when encoded
  field_value value;
  bool operator==(const field&) const = default;
};

/// Returns the table as AMQP puts it on the wire: 32 bits of length, then the
/// fields.
std::string encode(const field_table& table);

/// Appends what `encode` returns.
void encode_to(std::string& out, const field_table& table);

/// What `decode_field_table` accepts at most. Far above what clients send; it
/// keeps a hostile table from growing a hundredfold in memory.
constexpr std::size_t most_table_depth = 32; // tables and arrays within tables
constexpr std::size_t most_table_values = 65'536;

/// Reads a table that takes up all of `encoded`, its length in front. Fails
/// with `corrupt` for anything else; safe for any bytes.
result<field_table> decode_field_table(std::string_view encoded);

/// Reads one value; nothing where it is damaged or beyond those limits.
std::optional<field_value> decode(const encoded_field& encoded);

/// Returns a scalar as text: numbers in decimal, booleans as "true" and
/// "false", times as seconds. Nothing for `V`, tables and arrays.
std::optional<std::string> to_text(const field_value& value);

/// As `to_text` of the decoded value.
std::optional<std::string> to_text(const encoded_field& encoded);

} // namespace troupe

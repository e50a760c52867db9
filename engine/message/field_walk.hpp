#pragma once

#include "engine/base/bytes.hpp"

#include <optional>
#include <string_view>

// Reading an encoded field table in place, without building it.

namespace troupe {

/// A value within an encoded table: views into its bytes.
struct encoded_field {
  std::string_view name;  // empty in an array
  char code = 'V';        // its type, as in field_table.hpp
  std::string_view value; // without its length, for strings, arrays, tables
};

/// Takes a field: name, type and value. `from` fails where the bytes end early
/// or the type is unknown.
encoded_field take_field(byte_reader& from);

/// Takes a value of an array: as a field, but without a name.
encoded_field take_value(byte_reader& from);

/// Returns the first field `name` of an encoded table, its length in front.
/// Nothing: there is none, or the table is damaged before it. Inner tables are
/// not searched.
std::optional<encoded_field>
find(std::string_view encoded, std::string_view name);

} // namespace troupe

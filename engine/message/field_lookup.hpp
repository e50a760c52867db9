#pragma once

#include "engine/message/field_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Reading arguments and headers whose types others chose.

namespace troupe {

/// Returns the first value called `name`, or null.
const field_value* find(const field_table& in, std::string_view name);

/// Returns a value that is a string, or null.
const std::string* find_text(const field_table& in, std::string_view name);

/// Returns an integer of whatever width.
std::optional<std::int64_t> to_integer(const field_value& value);

/// Returns RabbitMQ's name of the value's type: `longstr`, `signedint` ...
std::string_view type_name(const field_value& value);

} // namespace troupe

#pragma once

#include "engine/delivery/dead_letter.hpp"
#include "engine/message/field_lookup.hpp"
#include "engine/message/properties.hpp"

#include <string>
#include <string_view>

// The headers that say where and why a message died, as RabbitMQ writes them.
// For this folder only.

namespace troupe {

/// What one death adds to the list.
struct death_record {
  std::string_view queue;
  std::string_view reason;
  std::string_view exchange;
  field_array keys;
  time_point at;
  std::optional<std::string> expiration; // of the message, before it went
};

/// Puts a value in the place of a field, or at the end.
void put(field_table& in, std::string_view name, field_value value);

/// Adds a death to the message's headers: `x-death` (newest first, one entry a
/// queue and reason), `x-first-death-*` and `x-last-death-*`.
void add_death(field_table& headers, death_record record);

} // namespace troupe

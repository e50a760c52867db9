#pragma once

#include "engine/amqp/error.hpp"

#include <cstdint>
#include <string_view>

// Content: a method that carries a message is followed by a header frame and,
// unless the body is empty, by body frames. AMQP 0-9-1, §4.2.6.

namespace troupe::amqp {

constexpr std::uint16_t content_class = 60;

/// What a header frame says: class (16 bits), weight (16), size of the body
/// (64), properties.
struct content_header {
  std::uint64_t body_bytes = 0;
  std::string_view properties; // as batches have them: empty where none is set
  bool operator==(const content_header&) const = default;
};

/// Reads the payload of a header frame, and checks that its properties will
/// decode. Fails with 505 for another class or a weight, with 502 for damage.
checked<content_header> decode_content_header(std::string_view payload);

/// True for what `decode_properties` accepts, without building it.
bool is_valid_properties(std::string_view encoded);

/// True for what `decode_field_table` accepts, without building it.
bool is_valid_table(std::string_view encoded);

} // namespace troupe::amqp

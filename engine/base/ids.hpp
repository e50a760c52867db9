#pragma once

#include <cstdint>

namespace troupe {

/// One of the fixed shares of the key space, 0 to 1023.
enum class slot_id : std::uint16_t {};

/// One of the slot groups, 0 to 63; each has a log of its own.
enum class group_id : std::uint8_t {};

/// A queue's number in the store. Given once, never given again.
enum class queue_id : std::uint64_t {};

/// Place of a message in its queue: partition in the top 8 bits, then a count
/// from 1 in publish order.
using position = std::uint64_t;

/// Place of an entry in its group's log, counted from 1.
using log_index = std::uint64_t;

} // namespace troupe

#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>
#include <string_view>

namespace troupe {

// Where keys and queues live. These numbers are on disk: changing a constant,
// a formula or the hash loses sight of what is stored.

constexpr std::uint16_t slots = 1024;
constexpr std::uint16_t groups = 64;

/// Returns the slot of an order key.
slot_id slot_of(std::string_view key) noexcept;

/// Returns the group that a slot belongs to; a group has `slots / groups`.
constexpr group_id group_of(slot_id slot) noexcept {
  return group_id{
    static_cast<std::uint8_t>(static_cast<std::uint16_t>(slot) % groups)};
}

/// Returns the group whose log holds a queue's partition. Partitions of one
/// queue lie in consecutive groups, so up to 64 of them share none.
group_id group_of(std::string_view queue, std::uint16_t partition) noexcept;

/// Returns the partition, 0 to `partitions - 1`, that takes a slot's keys.
/// `partitions` is at least 1.
constexpr std::uint16_t
partition_of(slot_id slot, std::uint16_t partitions) noexcept {
  return static_cast<std::uint16_t>(
    static_cast<std::uint16_t>(slot) % partitions);
}

} // namespace troupe

#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>

namespace troupe {

constexpr unsigned partition_shift = 56;

/// Returns the position before the first message of a partition.
constexpr position partition_start(std::uint16_t partition) {
  return position{partition} << partition_shift;
}

/// Returns the last position a partition can have.
constexpr position partition_last(std::uint16_t partition) {
  return partition_start(partition) | ((position{1} << partition_shift) - 1);
}

/// Returns the partition a position belongs to.
constexpr std::uint16_t partition_of(position at) {
  return static_cast<std::uint16_t>(at >> partition_shift);
}

} // namespace troupe

#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>
#include <string>

namespace troupe {

/// What the store knows of a durable queue, whether or not a configuration
/// still names it.
struct queue_record {
  std::string name;
  queue_id id{};                // counts from 1
  std::uint16_t partitions = 0; // fixed while the queue exists
  bool operator==(const queue_record&) const = default;
};

} // namespace troupe

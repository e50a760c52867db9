#pragma once

#include "engine/delivery/log_entry.hpp"

#include <string_view>
#include <vector>

namespace troupe {

/// Makes the dead letter of a message: its body, routing key and properties,
/// with headers that say where it died, why, and after which attempts:
/// `x-error-class`, `x-error-text`, `x-attempts` (a JSON array as text), and
/// as RabbitMQ writes them `x-death`, `x-first-death-*`, `x-last-death-*`.
/// `history` ends with the last attempt and is not empty.
batch_ptr make_dead_letter(
  const message& dead,
  std::string_view queue,
  const std::vector<failed_attempt>& history);

} // namespace troupe

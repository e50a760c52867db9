#pragma once

#include "engine/delivery/log_entry.hpp"
#include "engine/delivery/queue_options.hpp"

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

/// Why a message died by its queue's own rules; RabbitMQ's words.
enum class death_reason : std::uint8_t {
  rejected,
  expired,
  maxlen,
  delivery_limit
};

std::string_view to_string(death_reason why);

struct death {
  std::string_view queue;
  death_reason why{};
  time_point at;
  bool was_delayed = false; // by `x-delay`, which goes
};

/// Appends the dead letter a queue's rule asks for, as RabbitMQ makes it:
/// another exchange and maybe routing key, no `expiration`, no `BCC`, `CC` only
/// with the message's own key, and the headers about its deaths.
void add_dead_letter(
  batch_builder& to,
  const message& dead,
  const dead_letter_rule& rule,
  const death& how);

/// Says whether a dead letter has been in this queue before and nobody has
/// rejected it since: what goes round without end. Reads `x-death`.
bool is_automatic_cycle(const message& letter, std::string_view queue);

} // namespace troupe

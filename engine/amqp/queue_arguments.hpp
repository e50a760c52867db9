#pragma once

#include "engine/amqp/broker.hpp"
#include "engine/base/clock.hpp"
#include "engine/delivery/queue_machine.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::amqp {

/// What a queue's declaration asks for, read from its arguments.
struct queue_settings {
  queue_options options;           // all but the id and where memory ends
  std::optional<duration> expires; // unused for so long, the queue goes
  /// Arguments that RabbitMQ knows and that mean nothing here.
  std::vector<std::string> ignored;
};

/// Reads a declaration as RabbitMQ does: unknown arguments are kept and mean
/// nothing, known ones of a wrong type or value are refused (406) with its
/// text, a stream queue with 540.
std::variant<queue_settings, refused>
read_queue_arguments(const declare_queue& from);

/// Returns what the name of a queue begins with that the server is to name:
/// `x-name-prefix`, or `amq.gen`, and a hyphen. Refuses what is no text, is
/// longer than RabbitMQ's 64 bytes, or begins with the reserved `amq.`.
std::variant<std::string, refused> name_prefix(const declare_queue& from);

} // namespace troupe::amqp

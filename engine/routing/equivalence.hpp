#pragma once

#include "engine/routing/exchange.hpp"
#include "engine/routing/refusal.hpp"
#include "engine/routing/routed_queue.hpp"

#include <string>

// Says whether what is declared again is what is there, with RabbitMQ's texts
// where it is not (406).

namespace troupe {

/// Compares type, flags and `alternate-exchange`, as RabbitMQ does.
permitted<>
check_same(const exchange& there, const exchange_declaration& again);

/// Compares flags and the arguments that mean something; integers by value.
/// Who may use the queue is another question.
permitted<>
check_same(const routed_queue& there, const queue_declaration& again);

/// Returns how texts name a thing: `queue 'q' in vhost '/'`.
std::string place_text(
  std::string_view kind, const std::string& name, const std::string& vhost);

} // namespace troupe

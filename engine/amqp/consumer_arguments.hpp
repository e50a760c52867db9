#pragma once

#include "engine/amqp/error.hpp"
#include "engine/base/clock.hpp"
#include "engine/routing/routed_queue.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe::amqp {

/// What the arguments of basic.consume ask for.
struct consumer_arguments {
  std::int32_t priority = 0;
  std::optional<duration> timeout; // of its deliveries; none: the queue's
};

/// Reads the encoded table. Unknown arguments mean nothing; `x-priority` has to
/// be an integer and `x-consumer-timeout` one of milliseconds, else 406.
checked<consumer_arguments>
read_consumer_arguments(std::string_view encoded, const routed_queue& of);

/// Returns how long deliveries from a queue may stay unsettled, where its
/// declaration says so.
std::optional<duration> consumer_timeout(const routed_queue& of);

/// As good as none, and sums with it stay far from where times end.
constexpr auto most_timeout = duration{std::chrono::hours{24 * 365 * 10}};

} // namespace troupe::amqp

#pragma once

#include "engine/amqp/error.hpp"
#include "engine/routing/refusal.hpp"

namespace troupe::amqp {

/// Returns the reply code that tells a client of a refusal.
constexpr reply_code code_of(refusal::reason why) {
  using reason = refusal::reason;
  switch (why) {
    case reason::not_found: return reply_code::not_found;
    case reason::precondition_failed: return reply_code::precondition_failed;
    case reason::access_refused: return reply_code::access_refused;
    case reason::resource_locked: return reply_code::resource_locked;
    case reason::not_allowed: return reply_code::not_allowed;
    case reason::command_invalid: return reply_code::command_invalid;
  }
  return reply_code::internal_error;
}

} // namespace troupe::amqp

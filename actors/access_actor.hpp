#pragma once

#include "actors/interfaces.hpp"
#include "engine/access/login_check.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace troupe {

/// Checks logins. Spawn it detached: a password's hash is meant to be slow.
class access_state {
public:
  static inline const char* name = "access";

  access_actor::behavior_type handlers(
    access_actor::stateful_pointer<access_state> self,
    std::shared_ptr<login_check> logins);

private:
  amqp::answer check(const access::check& msg);

  std::shared_ptr<login_check> logins_;
};

access_actor::behavior_type run_access(
  access_actor::stateful_pointer<access_state> self,
  std::shared_ptr<login_check> logins);

} // namespace troupe

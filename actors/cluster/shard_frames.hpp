#pragma once

#include "actors/cluster/frame_carrier.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/session_register.hpp"

#include <memory>

namespace troupe {

/// Brings frames between gateways and shards to the actors that they are for,
/// from the links' thread. What is for no session that is here goes to the
/// locator.
void take_shard_frames(
  frame_carrier& links,
  std::shared_ptr<session_register> sessions,
  locator_actor locator);

} // namespace troupe

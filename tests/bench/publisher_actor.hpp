#pragma once

#include "actors/interfaces.hpp"

#include <caf/event_based_actor.hpp>

#include <cstdint>

namespace troupe::bench {

/// Publishes `messages` messages to the output "in", 256 in a batch, with as
/// many unconfirmed batches as a source keeps, and ends once all are confirmed.
/// Spawn it detached, as a source is.
caf::behavior run_publisher(
  caf::event_based_actor* self,
  const router_actor& router,
  std::uint64_t messages);

} // namespace troupe::bench

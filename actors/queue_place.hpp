#pragma once

#include "actors/interfaces.hpp"
#include "engine/routing/routing_snapshot.hpp"

#include <string>

namespace troupe {

/// What a routed queue's `place` points to.
struct queue_place {
  queue_actor where = {}; // null while it is being restarted
  /// Where set, no queue at all but the way into the pipeline, as this output.
  std::string output = {};
  /// The exchange that leads here by the configuration, under the key "#".
  std::string exchange = {};
};

inline const queue_place* place_of(const routed_queue& queue) {
  return static_cast<const queue_place*>(queue.place.get());
}

} // namespace troupe

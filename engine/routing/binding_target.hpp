#pragma once

#include "engine/routing/routed_queue.hpp"
#include "engine/routing/shared_set.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// Where a binding leads: a queue, or an exchange of the same vhost.
struct binding_target {
  routed_queue_ptr queue;                      // or
  std::shared_ptr<const std::string> exchange; // shared by all that hold it

  const std::string& name() const { return queue ? queue->name : *exchange; }

  friend bool operator<(const binding_target& a, const binding_target& b) {
    if (!a.queue != !b.queue) return a.queue != nullptr;
    return a.name() < b.name();
  }
};

/// Each target once: queues, then exchanges, by name.
using target_set = shared_set<binding_target, std::less<>>;

} // namespace troupe

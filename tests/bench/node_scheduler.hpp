#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>

#include <algorithm>
#include <cstddef>
#include <thread>

namespace troupe::bench {

/// Schedules actors the way a node does.
struct node_scheduler : caf::actor_system_config {
  node_scheduler() {
    auto cores = std::max(std::thread::hardware_concurrency(), 2u);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", std::size_t{cores});
    set("scheduler.max-throughput", std::size_t{300});
  }
};

} // namespace troupe::bench

#pragma once

#include "actors/edge/amqp_server.hpp"
#include "actors/node/configuration.hpp"
#include "actors/topology_actor.hpp"
#include "engine/access/login_check.hpp"

#include <cstdint>
#include <memory>
#include <vector>

// What a node needs for AMQP clients, from its configuration and its store.

namespace troupe {

/// What clients declared and the store keeps.
struct kept_topology {
  troupe::topology machine;
  std::vector<queue_start> queues; // durable ones, to be started

  bool has(const std::string& full_name) const;
};
result<kept_topology>
restore_topology(const log_store& store, std::uint64_t memory_budget);

/// Lets clients find the queues that they did not declare: those of the
/// configuration, and those that only the store knows.
/// Fails where a source's exchange is of a wrong type.
result<topology_start> make_topology_start(
  const checked_config& what,
  kept_topology kept,
  const std::vector<queue_options>& others,
  std::shared_ptr<routes_board> routes,
  std::uint64_t memory_budget);

/// Opens the configuration's AMQP servers; none accepts anything yet.
result<std::vector<std::unique_ptr<amqp_server>>> open_servers(
  caf::actor_system& system,
  const checked_config& what,
  const connection_places& places);

} // namespace troupe

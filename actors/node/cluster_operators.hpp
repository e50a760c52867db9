#pragma once

#include "actors/cluster/membership_actor.hpp"
#include "actors/cluster_control.hpp"
#include "config/cluster_config.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe {

/// Where an operator's questions about a cluster find their answers.
struct operator_places {
  caf::actor_system* system = nullptr;
  std::shared_ptr<coordinator> truth;
  std::shared_ptr<cluster_board> board;
  replicas_actor replicas;
  cluster_config config;
  std::string prefix;
  std::string self; // this member's name
  /// Returns about how much a group's copy on this member takes. Any thread
  /// may ask. Left out: nobody knows.
  std::function<std::uint64_t(group_id)> bytes_of = {};
};

/// Returns what the control interface may ask and do.
cluster_places make_cluster_places(operator_places from);

} // namespace troupe

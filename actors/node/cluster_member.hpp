#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/membership_actor.hpp"
#include "actors/cluster_control.hpp"
#include "actors/node/configuration.hpp"
#include "actors/node/work_progress.hpp"
#include "actors/queue_actor.hpp"
#include "actors/running_work.hpp"
#include "actors/topology_actor.hpp"
#include "engine/base/result.hpp"

#include <troupe/registry.hpp>

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// What makes a node a member of a cluster: the coordinator, the links, its
/// replicas of all groups, and what runs for the groups that it leads.
class cluster_member {
public:
  /// Joins: waits until the coordinator has answered, and registers. Fails
  /// where this node cannot be a member.
  static result<std::unique_ptr<cluster_member>> join(
    caf::actor_system& system,
    const checked_config& what,
    std::shared_ptr<log_store> store);

  ~cluster_member();

  /// To queues and the topology, the store of all.
  store_actor store() const;
  reader_actor reader() const;

  /// Set while publishers have to wait for room. A full disk is not enough:
  /// others take over what this member leads, and its clients go on.
  std::shared_ptr<const std::atomic<bool>> is_stuck() const;

  /// Makes connections' ids this member's own: the number of the first one.
  std::uint64_t first_connection() const;

  /// What the topology of this member works with.
  topology_cluster topology_places(const directory_actor& queues);

  struct pipeline {
    const checked_config* what = nullptr;
    const registry* handlers = nullptr;
    std::vector<queue_options> queues; // of the configuration
    queue_places places;               // router and directory of the node
    std::shared_ptr<running_work> work;
    std::function<void(const std::string& why)> stop_node;
  };

  /// Starts: tells the topology who leads, opens the configured queues, and
  /// runs whatever the groups that come to this member need.
  void start(const topology_actor& topology, pipeline of);

  cluster_places control_places();

  /// Looks how much of the pipeline's work is left in the cluster; blocks for
  /// some seconds at most. One thread at a time.
  work_progress look();

  /// Tells all members that it is done, or why it can go no further. Returns
  /// whether that stands; otherwise look again.
  bool conclude(const std::string& failure);

  /// Stops sources and handlers, has queues write what they have, gives the
  /// groups away. Returns false when that took longer.
  bool stop(std::chrono::steady_clock::time_point deadline);

private:
  struct parts;
  explicit cluster_member(std::unique_ptr<parts> all);

  std::unique_ptr<parts> parts_;
};

/// Numbers a queue of the configuration the same on every member.
queue_id configured_id(const std::string& full_name);

} // namespace troupe

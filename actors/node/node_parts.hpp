#pragma once

#include "actors/access_actor.hpp"
#include "actors/node/clients.hpp"
#include "actors/node/cluster_member.hpp"
#include "actors/node/node.hpp"
#include "actors/node/subtree.hpp"
#include "actors/queue_actor.hpp"
#include "actors/router_actor.hpp"
#include "actors/running_work.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

// What a node consists of: node_starting.cpp makes it, node.cpp looks at it and
// ends it.

namespace troupe {

/// How a node schedules its actors.
struct scheduler_config : caf::actor_system_config {
  scheduler_config() {
    // One queue for all workers and a wake-up for each job: latency first.
    // Busy actors give way after 300 messages, or they would starve others.
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-throughput", std::size_t{300});
    set(
      "scheduler.max-threads",
      std::size_t{std::max(2u, std::thread::hardware_concurrency())});
  }
};

struct node::parts {
  scheduler_config config;
  caf::actor_system system{config};
  std::shared_ptr<log_store> store;
  queue_places places;
  std::shared_ptr<router_figures> routed = std::make_shared<router_figures>();
  std::shared_ptr<routes_board> routes = std::make_shared<routes_board>();
  topology_actor topology;
  access_actor access;
  std::unique_ptr<cluster_member> member; // null: a node by itself
  std::vector<std::unique_ptr<amqp_server>> servers;
  std::vector<queue_start> queues; // all but those that clients declared
  std::size_t recovering = 0;      // queues that will announce themselves
  std::set<std::string> consumed;  // queues with a consumer in the pipeline
  std::shared_ptr<running_work> work = std::make_shared<running_work>();
  caf::actor root;
  std::shared_ptr<subtree> source_tree = std::make_shared<subtree>();
  std::shared_ptr<subtree> stage_tree = std::make_shared<subtree>();
  std::shared_ptr<control> answers;
  bool is_stopped = false;
  std::optional<checked_config> config_of_member; // for what starts later

  // Starting.
  result<> recover(kept_topology& kept, std::vector<queue_options> others);
  void spawn_services(std::shared_ptr<const route_table> table);
  result<> start_topology(
    const checked_config& what, kept_topology kept, std::uint64_t memory);
  result<> open_servers(const checked_config& what);
  child_spec queue_branch() const;
  void start_tree(std::vector<child_spec> branches, const stop_asked& asked);
  void wait_for_queues();
  result<>
  join(const checked_config& what, const registry& handlers, stop_asked asked);
  result<> start_alone(
    const checked_config& what, const registry& handlers, stop_asked asked);
  result<> start_queues(std::set<std::string>& dead_letters);
  control_places answering_places(const std::string& name);
  void answer_operators(const checked_config& what, const stop_asked& asked);

  // Looking.
  queue_figures figures_of(const std::string& queue);

  // Stopping.
  bool close_queues(std::chrono::steady_clock::time_point deadline);
  void end_and_wait(topology_actor& who);
  ~parts();
};

} // namespace troupe

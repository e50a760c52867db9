#pragma once

#include "actors/cluster/gateway_actor.hpp"
#include "actors/cluster/hosting_actor.hpp"
#include "actors/cluster/member_links.hpp"
#include "actors/cluster/replicas_actor.hpp"
#include "actors/cluster/session_register.hpp"
#include "actors/directory_actor.hpp"
#include "actors/node/cluster_member.hpp"
#include "actors/node/cluster_state.hpp"
#include "actors/node/coordination.hpp"
#include "actors/node/member_questions.hpp"
#include "actors/node/presence.hpp"
#include "actors/node/shared_work.hpp"
#include "actors/running_work.hpp"

// What a member consists of: cluster_joining.cpp makes it, cluster_running.cpp
// sets it going, cluster_member.cpp hands it out and ends it.

namespace troupe {

using namespace cluster;

struct cluster_member::parts {
  caf::actor_system& system;
  cluster_config config;
  std::string prefix;
  std::shared_ptr<log_store> store;
  std::unique_ptr<coordination> coordinates;
  std::shared_ptr<member_links> links;
  std::shared_ptr<member_questions> questions;
  std::unique_ptr<shared_work> work;
  std::shared_ptr<cluster_state> state;
  node_record own;
  cluster_meta meta;
  revision began_at = 0;
  std::string name;
  std::shared_ptr<std::atomic<bool>> is_full = // the disk, nearly
    std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<bool>> is_stuck =
    std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<session_register> sessions =
    std::make_shared<session_register>();
  std::shared_ptr<cluster_board> board = std::make_shared<cluster_board>();
  writer_actor writer;
  lookup_actor lookup;
  reader_actor reader;
  replicas_actor replicas;
  directory_actor shards;
  locator_actor locator;
  hosting_actor hosting;
  membership_actor membership;
  caf::actor outbox; // of the topology
  topology_actor topology;
  pipeline runs;
  std::vector<caf::actor> gateways; // of configured queues
  bool is_stopped = false;
  presence others;

  explicit parts(caf::actor_system& in) : system{in} {}

  // Joining.
  result<> open_links();
  result<store_origin> origin() const;
  result<> bind_store();
  result<> enter();
  result<> open_replicas();

  // What the node's own actors get.
  gateway_places gates(const directory_actor& queues) const;
  queue_actor
  open_gateway(const queue_options& of, const directory_actor& queues);
  void tell_hosting(const queue_start& of);

  // Running.
  hosted_branches branches();
  void begin_hosting();
  void begin_membership();
  void begin_answering();
  void begin_links();
  bool leads_here(group_id group);
  void take_frames();
  void tell_gone(member_id who);

  ~parts();
};

} // namespace troupe

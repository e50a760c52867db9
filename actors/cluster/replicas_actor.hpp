#pragma once

#include "actors/cluster/frame_carrier.hpp"
#include "actors/cluster/interfaces.hpp"
#include "engine/ring/slot_map.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace troupe {

/// What a member's replicas work with. All of it outlives them.
struct replicas_places {
  writer_actor writer;
  lookup_actor lookup;
  std::shared_ptr<frame_carrier> links;
  /// Set while a group that this member leads takes no messages for lack of
  /// room, and nobody has taken it over.
  std::shared_ptr<std::atomic<bool>> is_stuck =
    std::make_shared<std::atomic<bool>>(false);
};

/// The shell of all groups' replicas on one member. To queues it is the store:
/// what they commit is answered once all in-sync replicas have it on disk.
class replicas_state {
public:
  static inline const char* name = "replicas";

  replicas_actor::behavior_type handlers(
    replicas_actor::stateful_pointer<replicas_state> self,
    replicas_places places,
    std::shared_ptr<std::vector<group_replica>> groups,
    cluster::registered_member own);

private:
  using self_pointer = replicas_actor::stateful_pointer<replicas_state>;

  /// Somebody who waits for a commit.
  struct waiting {
    caf::strong_actor_ptr who;
    std::vector<std::uint16_t> partitions;
    bool has_entries = false;
    std::uint64_t lead = 0; // the epoch to lead, if that is what waits
    group_id group{};
    /// Answers to the same one that are due behind this one.
    std::vector<std::vector<std::uint16_t>> behind = {};
  };
  struct held_commit {
    caf::strong_actor_ptr who;
    store::commit what;
  };
  struct hosted {
    std::uint64_t told = 0; // the epoch that hosting leads; 0: none
    bool is_draining = false;
    std::shared_ptr<cluster::handling_gate> gate;
    std::deque<held_commit> held; // the replica has no room for them yet
  };

  // what queues want stored (replica_commits.cpp)
  void commit(store::commit& msg);
  bool try_commit(const caf::strong_actor_ptr& who, store::commit& msg);
  void commit_held(group_id group);
  void end(const ticket_end& what);
  void answer(
    const caf::strong_actor_ptr& who,
    const std::vector<std::uint16_t>& partitions,
    log_index first);
  store::defined define(const store::define& msg);

  // the replicas' work
  void take(group_id group);
  void carry_out(group_id group, const cluster::compare_and_swap& what);
  void carry_out(group_id group, const cluster::read_record& what);
  void carry_out(group_id group, const cluster::became& what);
  void carry_out(group_id group, const cluster::ask_for_leader& what);
  void carry_out(group_id group, const cluster::abort_process& what);
  void carry_out(group_id group, const cluster::replace_store& what);
  template <class Other>
  void carry_out(group_id, const Other&) {}
  void lead(group_id group, std::uint64_t epoch);
  void lead_again();
  void lose(group_id group);

  void begin(const replicas::begin& msg);
  void written(const replicas::written& msg);
  void swapped(const replicas::swapped& msg);
  void received(const replicas::received& msg);
  void connected(cluster::member_id to);
  void disconnected(cluster::member_id from);
  void gone(const replicas::gone& msg);
  void space(replicas::space msg);
  void ask_end(const replicas::ask_end& msg);
  void tick();
  bool is_stuck() const;
  caf::result<replicas::stopped> stop();
  void finish_stop();
  replicas::description describe() const;

  group_replica& at(group_id group) {
    return (*groups_)[static_cast<std::size_t>(group)];
  }
  template <class Event>
  void tell(group_id group, Event event) {
    at(group).tell(event, cluster::local_now());
    take(group);
  }

  self_pointer self_ = nullptr;
  replicas_places places_;
  membership_actor membership_;
  hosting_actor hosting_;
  std::shared_ptr<std::vector<group_replica>> groups_;
  cluster::registered_member own_;
  std::array<hosted, troupe::groups> hosted_;
  std::map<std::uint64_t, waiting> waiting_;        // by ticket
  std::map<caf::actor_addr, std::uint64_t> latest_; // ticket of each sender
  std::uint64_t last_ticket_ = 0;
  std::map<cluster::member_id, std::uint64_t> link_changes_;
  std::set<cluster::member_id> gone_; // whose links are down
  std::mt19937_64 random_{std::random_device{}()};

  std::optional<caf::typed_response_promise<replicas::stopped>> stopping_;
  std::size_t writing_ = 0; // jobs not yet written
  int ticks_to_stop_ = 0;
  bool is_over_ = false;
};

replicas_actor::behavior_type run_replicas(
  replicas_actor::stateful_pointer<replicas_state> self,
  replicas_places places,
  std::shared_ptr<std::vector<group_replica>> groups,
  cluster::registered_member own);

} // namespace troupe

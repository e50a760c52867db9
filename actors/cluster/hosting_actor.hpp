#pragma once

#include "actors/cluster/interfaces.hpp"
#include "actors/queue_actor.hpp"
#include "actors/supervisor_actor.hpp"
#include "engine/ring/slot_map.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// What of a pipeline runs for one shard, or for one group.
struct hosted_branches {
  using gate = std::shared_ptr<const cluster::handling_gate>;

  /// Returns the supervisors of the stages that read a queue.
  std::function<std::vector<supervisor_options>(
    const queue_options& queue, group_id group, gate handling)>
    stages;
  /// Returns those of the sources whose progress is kept in a group.
  std::function<std::vector<supervisor_options>(group_id group)> sources;
  /// Called when this member begins to lead a group.
  std::function<void(group_id group, std::uint64_t epoch)> on_lead;
  /// Called when a stage or source failed too often and the node is to stop.
  std::function<void(const std::string& why)> stop_node;
};

struct hosting_places {
  /// Of shards: the replicas are their store, and they announce themselves to
  /// a directory of shards.
  queue_places queues;
  lookup_actor lookup;
  replicas_actor replicas;
};

/// Runs what belongs to the groups that this member leads: a queue actor for
/// each queue's share in the group, the stages that handle what is in it, and
/// the sources whose progress it keeps. All of it ends when the lead is lost.
class hosting_state {
public:
  static inline const char* name = "hosting";

  hosting_actor::behavior_type handlers(
    hosting_actor::stateful_pointer<hosting_state> self,
    hosting_places places,
    hosted_branches branches);

  /// Ends what runs.
  ~hosting_state();

private:
  using self_pointer = hosting_actor::stateful_pointer<hosting_state>;

  struct shard {
    std::string queue;
    queue_actor where;
    std::deque<time_point> failures; // the latest
  };
  /// A group that this member leads.
  struct led_group {
    std::uint64_t epoch = 0; // 0: it does not
    std::shared_ptr<const cluster::handling_gate> gate;
    bool is_recovered = false;
    bool is_draining = false;
    std::uint64_t drains = 0;            // answers to earlier ones are void
    std::map<std::string, shard> shards; // by name
    std::set<caf::strong_actor_ptr> branches; // supervisors
    /// Queues that clients declared and whose entries are nobody's here:
    /// what is known of them is seen to later.
    std::vector<queue_id> strangers;
    bool is_sweep_due = false;
    std::vector<queue_id> gone; // of these: their entries are to be erased
  };
  /// Whether a stranger is gone: one is asked for at a time.
  struct question {
    group_id group{};
    std::uint64_t epoch = 0;
    queue_id which{};
  };

  void lead(const hosting::lead& msg);
  void recovered(hosting::recovered& msg);
  void drain(group_id group);
  void resume(group_id group);
  void lost(group_id group);
  void closed(const hosting::closed& msg);
  void queue_known(const hosting::queue_known& msg);
  void queue_gone(const hosting::queue_gone& msg);
  void start_again(const hosting::start_again& msg);
  caf::result<hosting::stopped> stop();
  void down(const caf::down_msg& msg);

  // what deleted queues left (hosting_sweep.cpp)
  void sweep_later(group_id group, std::vector<queue_id> strangers);
  void sweep(const hosting::sweep& msg);
  void ask_next();
  void answered(const edge::answered& msg);
  void find_orphans(group_id group);
  void orphans(const hosting::orphans& msg);
  void stored(const queue::stored& msg);

  void start_shard(
    group_id group,
    const hosting::queue_known& of,
    std::shared_ptr<queue_machine> recovered);
  void start_stages(group_id group, const queue_options& of);
  void start_branch(group_id group, supervisor_options options);
  void start_branches(group_id group);
  void stop_branches(led_group& x);
  void close_shards_if_still(group_id group);
  void answer_stop();
  void shard_failed(group_id group, shard& which, const caf::error& why);
  void branch_ended(const caf::down_msg& msg, group_id group);
  led_group& at(group_id group) {
    return groups_[static_cast<std::size_t>(group)];
  }

  self_pointer self_ = nullptr;
  hosting_places places_;
  hosted_branches branches_;
  std::map<std::string, hosting::queue_known> queues_; // by full name
  std::array<led_group, troupe::groups> groups_;
  std::map<caf::actor_addr, group_id> group_of_;
  std::deque<question> questions_;
  question asked_;
  bool is_asking_ = false;
  std::vector<caf::typed_response_promise<hosting::stopped>> stopping_;
  bool is_stopping_ = false; // nothing that handles is started any more
};

hosting_actor::behavior_type run_hosting(
  hosting_actor::stateful_pointer<hosting_state> self,
  hosting_places places,
  hosted_branches branches);

} // namespace troupe

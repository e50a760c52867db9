#pragma once

#include "actors/queue_actor.hpp"
#include "actors/routes_board.hpp"
#include "actors/topology_history.hpp"
#include "engine/amqp/queue_arguments.hpp"
#include "engine/routing/topology.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

/// The handler's name under which the store keeps the topology as state: the
/// vhost is the scope.
constexpr auto topology_owner = "amqp:topology";

/// Among so many queues a node shares its memory, or among more.
constexpr std::size_t usual_queues = 16;

/// Returns what each of so many queues may keep in memory, in bytes of bodies,
/// so that all together stay near the budget.
std::uint64_t queue_memory(std::uint64_t budget, std::size_t queues);

/// What a topology that is shared with other members rests on beyond a
/// node's own. Connections' ids have the number of their member in the top 16
/// bits. All functions are called by the actor and may block for milliseconds.
struct topology_cluster {
  /// Returns a queue's gateway on this member. The topology ends it.
  std::function<queue_actor(const queue_start&)> open_queue;
  /// A queue is gone for good: it has no shards any more.
  std::function<void(const queue_start&)> queue_gone;
  /// Returns what the replicated store keeps of the topology, for the member
  /// that begins to lead.
  std::function<std::vector<topology_record>()> stored_topology;
  /// Takes `topology_messages::outgoing`.
  caf::actor peers;
};

/// What the topology actor starts with, as stored and as configured.
struct topology_start {
  troupe::topology machine;
  std::vector<queue_start> queues; // durable ones that clients declared
  std::map<std::string, queue_id> configured; // others' queues, by full name
  std::shared_ptr<routes_board> routes;
  std::uint64_t memory_budget = 0; // bytes of bodies, of all queues
  /// Where set, `machine` is what the configuration has, `queues` are none,
  /// and the actor waits for `topology_messages`.
  std::optional<topology_cluster> cluster;
};

/// The shell of the topology machine, and the parent of the queues that
/// clients declare. A change is seen in the routes before it is answered, and
/// answered once it is stored.
class topology_state {
public:
  static inline const char* name = "topology";

  /// Ends its queues: a timer may hold them beyond all else that does.
  ~topology_state();

  topology_actor::behavior_type handlers(
    topology_actor::stateful_pointer<topology_state> self,
    queue_places places,
    topology_start start);

private:
  using self_pointer = topology_actor::stateful_pointer<topology_state>;

  struct asker {
    caf::strong_actor_ptr who;
    std::uint64_t connection = 0;
  };
  /// A queue of this actor's.
  struct child {
    std::string vhost;
    std::string name;
    queue_start start;
    queue_actor where;
    bool is_placed = false;          // the routes know where it is
    std::deque<time_point> failures; // the latest
  };
  /// A binding in the routes, not stored and not answered: what its exchange
  /// kept comes first.
  struct new_binding {
    asker by;
    topology_change change;
    history::replay what;
  };
  /// Bindings that wait for one history, which only one can borrow at a time.
  struct history_line {
    std::deque<new_binding> waiting; // the first one's turn
    history_actor at_work;
  };

  // requests (topology_actor.cpp)
  void ask(broker::ask& msg);
  void carry_out(const asker& by, amqp::open_vhost& what);
  void carry_out(const asker& by, amqp::declare_exchange& what);
  void carry_out(const asker& by, amqp::declare_queue& what);
  void carry_out(const asker& by, amqp::delete_queue& what);
  void carry_out(const asker& by, amqp::purge_queue& what);
  template <class Other>
  void carry_out(const asker& by, Other&);
  void answer(const asker& by, amqp::answer what);
  void refuse(const asker& by, const refusal& why);
  void answer_stored(
    const asker& by, amqp::answer what, const topology_change& change);
  void stored();

  // bindings (topology_bindings.cpp)
  void carry_out(const asker& by, amqp::delete_exchange& what);
  void carry_out(const asker& by, amqp::change_binding& what);
  bool is_configured(const std::string& vhost, const binding& what) const;
  bool
  is_configured(const std::string& vhost, const std::string& exchange) const;
  std::optional<queue_id>
  history_of(const std::string& vhost, const std::string& exchange) const;
  void replay(queue_id kept_in, new_binding which);
  void replay_next(queue_id kept_in);
  void replayed(queue_id kept_in);
  bool is_still_bound(const new_binding& which) const;

  // queues (topology_queues.cpp)
  void find(const asker& by, const amqp::declare_queue& what);
  void answer_counts(const asker& by, const routed_queue& queue);
  void create(
    const asker& by,
    const amqp::declare_queue& what,
    const queue_declaration& declared);
  void add(
    const asker& by,
    const std::string& vhost,
    const queue_declaration& declared,
    queue_start start);
  void add_quarantine(const std::string& vhost);
  void add_queues_of(const exchange& made);
  void add_missing_queues();
  void add_own(const std::string& vhost, queue_declaration declared);

  // their actors (topology_children.cpp)
  void adopt(queue_start start);
  void start(child& which);
  void set_place(queue_id of, queue_actor where);
  void queue_up(const directory::queue_up& msg);
  void child_down(const caf::down_msg& msg);
  void remove(const asker& by, const child& which, std::uint64_t messages);
  void follow(const topology_change& change);
  void forget(const routed_queue& gone);
  void connection_gone(std::uint64_t connection);
  void queue_unused(const broker::queue_unused& msg);

  void put_up() { routes_->put_up(machine_.snapshot()); }
  std::string random_name(std::string prefix);
  queue_id next_id() { return queue_id{++last_id_}; }

  self_pointer self_ = nullptr;
  queue_places places_;
  troupe::topology machine_;
  std::shared_ptr<routes_board> routes_;
  std::uint64_t memory_budget_ = 0;
  std::map<queue_id, child> children_;
  std::map<caf::actor_addr, queue_id> by_actor_;
  std::map<std::string, queue_id> ids_; // by full name, also of others' queues
  std::deque<std::pair<asker, amqp::answer>> unanswered_; // being stored
  std::map<queue_id, history_line> histories_; // by the queue that keeps it
  /// Queues in memory are numbered where no stored one ever is.
  std::uint64_t last_id_ = std::uint64_t{1} << 63;
  std::mt19937_64 random_{std::random_device{}()};
};

/// Starts the topology. It ends with the node.
topology_actor::behavior_type run_topology(
  topology_actor::stateful_pointer<topology_state> self,
  queue_places places,
  topology_start start);

/// Returns a queue as routing sees it, without a place.
new_queue new_queue_of(const queue_options& from);

/// Returns how a queue that is declared is to be started, all but its id.
std::variant<queue_start, amqp::refused> start_of(
  const std::string& vhost,
  const queue_declaration& declared,
  std::uint64_t resident_limit);

} // namespace troupe

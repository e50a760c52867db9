#pragma once

#include "actors/queue_actor.hpp"
#include "actors/routes_board.hpp"
#include "actors/topology_history.hpp"
#include "engine/amqp/queue_arguments.hpp"
#include "engine/amqp/topology_copy.hpp"
#include "engine/routing/topology.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
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
  /// A queue is out of the topology: its shards and what they stored can go.
  /// Its gateway has been told to end.
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
///
/// In a cluster it decides while its member leads; else it keeps a copy of what
/// the leader tells, and what is asked here until the leader has answered.
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
    caf::strong_actor_ptr who; // on a node of its own
    std::uint64_t connection = 0;
    // In a cluster:
    std::uint16_t member = 0; // 0: this one
    std::uint64_t number = 0; // of its ask; 0: nobody asked
    std::uint64_t term = 0;   // when this was begun
    bool is_server_named = false;
  };
  /// What was asked here and is not answered yet.
  struct open_ask {
    caf::strong_actor_ptr who; // null: nobody waits
    topology_frames::ask what;
    bool was_sent = false; // the leader may know of it
  };
  /// What became of an ask, or of nobody's, to be told in turn.
  struct settled_ask {
    asker by;
    amqp::answer what;
    std::vector<topology_record> shared;
    bool is_stored = false;
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
  void store(const std::vector<topology_record>& records);
  void stored();
  void send_answer(const caf::strong_actor_ptr& to, amqp::answer what);

  // asks of this member in a cluster (topology_asking.cpp)
  void ask_in_cluster(broker::ask& msg);
  bool name_queue(topology_frames::ask& what, amqp::refused& why);
  void begin(caf::strong_actor_ptr who, topology_frames::ask what);
  void notify(std::uint64_t connection, topology_frames::question what);
  void connection_ended(std::uint64_t connection);
  void queue_idle(const broker::queue_unused& msg);
  void ask_gone(topology_messages::ask_gone msg);
  bool can_ask() const;
  void send(open_ask& which);
  void ask_all();
  void ask_again();
  void wait_for_answers();
  void answered(std::uint16_t from, topology_frames::answer& msg);
  void give(std::uint64_t number, amqp::answer what);

  // leading a cluster's (topology_leading.cpp)
  void lead(std::uint64_t epoch);
  void begin_to_decide();
  void step_down();
  void follow(std::uint16_t leader);
  void decide(const asker& by, topology_frames::question what);
  void decide_open(open_ask& which);
  void carry_out(const asker& by, topology_frames::connection_gone& what);
  void carry_out(const asker& by, topology_frames::queue_unused& what);
  void carry_out(const asker& by, topology_frames::queue_gone& what);
  bool may_know(queue_id which) const;
  void asked(std::uint16_t from, topology_frames::ask& msg);
  void committed(std::uint64_t epoch);
  void settle(settled_ask what);
  void settle_stored();
  void answer_member(const asker& by, amqp::answer what);
  void share(std::vector<topology_record> records);
  void send_whole(std::uint16_t to);
  void member_up(std::uint16_t member);
  void member_gone(std::uint16_t member);
  void drop_queues_of(std::uint16_t member);

  // following in a cluster (topology_following.cpp)
  void incoming(const topology_messages::incoming& msg);
  void take(std::uint16_t from, topology_frames::ask& msg);
  void take(std::uint16_t from, topology_frames::answer& msg);
  void take(std::uint16_t from, topology_frames::update& msg);
  void take(std::uint16_t from, topology_frames::want& msg);
  void take_whole(std::uint16_t from);
  void want_whole(std::uint16_t from);
  void rebuild(const topology_copy::record_map& all);
  void take(const topology_copy::step& what);
  void take_queue(const routed_queue& found);
  void let_go(queue_id gone);
  void send_to(std::uint16_t member, const topology_frames::frame& what);

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
  void end_gone(const topology_change& change);
  void forget(const routed_queue& gone);
  void connection_gone(std::uint64_t connection);
  void drop_exclusive(const asker& by, std::uint64_t connection);
  void queue_unused(const broker::queue_unused& msg);
  void end_unused(const asker& by, const broker::queue_unused& msg);

  void put_up() { routes_->put_up(machine_.snapshot()); }
  std::string random_name(std::string prefix);
  queue_id next_id() { return queue_id{++last_id_}; }
  /// Returns who asks where nobody does.
  asker nobody() const;

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

  // In a cluster.
  std::optional<topology_cluster> cluster_;
  troupe::topology base_; // what the configuration has
  topology_copy copy_;
  bool has_begun_ = false;   // the topology was known here at least once
  bool is_complete_ = false; // all that was stored could be read
  bool leads_ = false;
  std::uint64_t term_ = 0; // counts changes of who leads, as seen here
  std::uint16_t leader_ = 0;
  std::map<std::uint64_t, open_ask> open_; // by number
  std::uint64_t last_number_ = 0;
  bool is_waiting_ = false; // an `ask_again` is on its way
  bool is_wanting_ = false; // the leader was asked for a whole
  std::set<std::uint16_t> gone_;
  // While leading.
  std::deque<settled_ask> settled_;
  std::set<std::pair<std::uint16_t, std::uint64_t>> deciding_; // others' asks
  caf::actor clerk_; // gets the store's answers of this epoch
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

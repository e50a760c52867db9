#pragma once

#include "actors/actor_clock.hpp"
#include "actors/interfaces.hpp"
#include "actors/subscribers.hpp"
#include "engine/cluster/handling_gate.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace troupe {

/// Where a queue actor finds the others. Store and reader outlive it.
struct queue_places {
  store_actor store;
  /// Set by the store while the disk is nearly full. Publishers wait then, and
  /// consumers go on.
  std::shared_ptr<const std::atomic<bool>> is_full;
  reader_actor reader;
  router_actor router; // for what its handlers emit
  directory_actor directory;
  topology_actor topology = {}; // of queues that clients declare; else null
};

/// When a queue that a client declared goes by itself.
struct queue_lifetime {
  bool auto_delete = false;        // when its last consumer leaves
  std::optional<duration> expires; // when unused for so long
};

/// What of a queue its actor holds where it is a member of a cluster: the
/// partitions that lie in one group, while this member leads it.
struct queue_shard {
  group_id group{};
  /// Entries are of this epoch, so that none is taken once it is over.
  std::uint64_t epoch = 0;
  /// Nothing is lent while it is closed.
  std::shared_ptr<const cluster::handling_gate> gate;
};

/// What it takes to start a queue.
struct queue_start {
  queue_options options;
  queue_lifetime lifetime;
  /// The machine as recovered already, for the first start alone.
  std::shared_ptr<queue_machine> recovered;
  std::optional<queue_shard> shard = {}; // none: the whole queue
};

/// The shell of a queue machine: turns messages into its events and carries
/// out its actions. It recovers from the store when it starts, and announces
/// itself to the directory once it is ready.
class queue_state {
public:
  static inline const char* name = "queue";

  queue_actor::behavior_type handlers(
    queue_actor::stateful_pointer<queue_state> self,
    queue_places places,
    queue_start start);

private:
  using self_pointer = queue_actor::stateful_pointer<queue_state>;

  void recovered(std::shared_ptr<queue_machine> machine);
  void enqueue(queue::enqueue& msg);
  void accept(const caf::strong_actor_ptr& from, queue::enqueue& msg);
  void accept_held();
  void subscribe(queue::subscribe& msg);
  void settle(queue::settle& msg);
  void leave(const queue::leave& msg);
  void cancel(const queue::cancel& msg);
  void get(const queue::get& msg);
  void gone(consumer_id who, const std::optional<failure>& crash);
  void sender_down(const caf::down_msg& msg);
  queue::purged purge();
  caf::result<queue::erased> erase(const queue::erase& msg);
  queue::erased erase_now(const queue::erase& msg);
  void end();
  void stored(const queue::stored& msg);
  void loaded(queue::loaded& msg);
  void published(const queue::published& msg);
  void wake(const queue::wake& msg);
  caf::result<queue::closed> close();

  std::string listed_name() const;
  bool may_lend() const;
  static void
  add_effects(commit_request& to, group_id group, const log_append& of);
  static void take_effects_along(log_append& entry);
  void act_soon();
  void act();
  void send_appends(std::vector<log_append>& appends);
  void commit(std::span<log_append> appends, bool is_stored);
  void send(store::commit msg);
  void send_erases(const std::vector<log_erase>& erases);
  void send_confirms(const std::vector<confirm>& confirms);
  void send_deliveries(std::vector<delivery>& deliveries);
  void send_forwards(std::vector<forward>& forwards);
  void send_gets(std::vector<got>& gets);
  void send_settled(const std::vector<settled>& settlements);
  void answer_edge(
    const caf::strong_actor_ptr& who,
    std::uint64_t consumer,
    amqp::answer what);
  void set_timer();
  void used() { last_used_ = actor_now(*self_); }
  void look_at_use(std::uint64_t consumers_before);
  std::optional<time_point> expiry() const;
  consumer_id sender_consumer(std::uint64_t number) const;
  std::string in_use() const;
  void answer_close();
  double random() { return std::generate_canonical<double, 32>(random_); }

  struct requester {
    caf::strong_actor_ptr who;
    std::uint64_t ticket = 0; // theirs
  };

  self_pointer self_ = nullptr;
  queue_places places_;
  std::shared_ptr<queue_machine> machine_;
  std::map<std::uint64_t, requester> publishers_; // by our ticket
  std::uint64_t last_ticket_ = 0;
  subscribers consumers_;
  queue_lifetime lifetime_;
  std::optional<queue_shard> shard_;
  time_point last_used_;
  std::map<std::uint64_t, std::pair<std::uint16_t, log_index>> forwards_;
  std::uint64_t last_forward_ = 0;
  std::size_t commits_out_ = 0;
  bool is_act_due_ = false; // a queue::act is on its way
  /// What came while the disk was full; publishers' windows bound it.
  std::deque<std::pair<caf::strong_actor_ptr, queue::enqueue>> held_;
  std::optional<time_point> timer_;
  std::uint64_t timer_generation_ = 0;
  std::vector<caf::typed_response_promise<queue::closed>> closing_;
  /// What came before the machine was recovered.
  std::vector<
    std::pair<caf::typed_response_promise<queue::erased>, queue::erase>>
    erasing_;
  std::minstd_rand random_{std::random_device{}()};
};

/// Starts a queue: `system.spawn(run_queue, places, start)`.
queue_actor::behavior_type run_queue(
  queue_actor::stateful_pointer<queue_state> self,
  queue_places places,
  queue_start start);

} // namespace troupe

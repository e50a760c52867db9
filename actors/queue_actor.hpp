#pragma once

#include "actors/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <random>
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
    queue_options options);

private:
  using self_pointer = queue_actor::stateful_pointer<queue_state>;

  void recovered(queue::recovered& msg);
  void enqueue(queue::enqueue& msg);
  void accept(const caf::strong_actor_ptr& from, queue::enqueue& msg);
  void accept_held();
  void subscribe(queue::subscribe& msg);
  void settle(queue::settle& msg);
  void leave(const queue::leave& msg);
  void consumer_down(const caf::down_msg& msg);
  void stored(const queue::stored& msg);
  void loaded(queue::loaded& msg);
  void published(const queue::published& msg);
  void wake(const queue::wake& msg);
  caf::result<queue::closed> close();

  void act_soon();
  void act();
  void send_appends(std::vector<log_append>& appends);
  void send_confirms(const std::vector<confirm>& confirms);
  void send_deliveries(std::vector<delivery>& deliveries);
  void send_forwards(std::vector<forward>& forwards);
  void send_settled(const std::vector<settled>& settlements);
  void set_timer();
  void answer_close();
  consumer_id id_of(const caf::actor_addr& who) const;
  double random() { return std::generate_canonical<double, 32>(random_); }

  struct requester {
    caf::strong_actor_ptr who;
    std::uint64_t ticket = 0; // theirs
  };
  /// A message of settlements that a consumer wants an answer to.
  struct settle_round {
    std::uint64_t number = 0; // the consumer's own
    std::size_t open = 0;     // settlements not committed yet
  };
  struct subscriber {
    consumer_actor who;
    std::deque<settle_round> rounds; // oldest first
    std::uint64_t first_round = 1;   // ours, of the oldest
  };

  self_pointer self_ = nullptr;
  queue_places places_;
  std::shared_ptr<queue_machine> machine_;
  std::map<std::uint64_t, requester> publishers_; // by our ticket
  std::uint64_t last_ticket_ = 0;
  std::map<consumer_id, subscriber> consumers_;
  std::map<caf::actor_addr, consumer_id> ids_;
  std::uint64_t last_consumer_ = 0;
  std::map<std::uint64_t, std::pair<std::uint16_t, log_index>> forwards_;
  std::uint64_t last_forward_ = 0;
  std::size_t commits_out_ = 0;
  bool is_act_due_ = false; // a queue::act is on its way
  /// What came while the disk was full; publishers' windows bound it.
  std::deque<std::pair<caf::strong_actor_ptr, queue::enqueue>> held_;
  std::optional<time_point> timer_;
  std::uint64_t timer_generation_ = 0;
  std::vector<caf::typed_response_promise<queue::closed>> closing_;
  std::minstd_rand random_{std::random_device{}()};
};

/// Starts a queue: `system.spawn(run_queue, places, options)`.
queue_actor::behavior_type run_queue(
  queue_actor::stateful_pointer<queue_state> self,
  queue_places places,
  queue_options options);

} // namespace troupe

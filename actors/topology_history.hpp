#pragma once

#include "actors/interfaces.hpp"
#include "actors/routes_board.hpp"
#include "engine/amqp/exchange_routing.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <memory>
#include <set>

namespace troupe {

/// Where one who replays a history finds the others. All outlive it.
struct history_places {
  router_actor router;
  std::shared_ptr<const routes_board> routes;
};

/// Borrows what an exchange has kept, publishes it to where a new binding
/// leads, gives it back and ends. It settles nothing, so that a crash changes
/// nothing; and it holds about 1 MiB at a time, however long the history.
class history_state {
public:
  static inline const char* name = "history";

  history_actor::behavior_type handlers(
    history_actor::stateful_pointer<history_state> self, history_places places);

private:
  using self_pointer = history_actor::stateful_pointer<history_state>;

  caf::result<history::replayed> replay(history::replay& msg);
  void counted(std::uint64_t ready);
  void delivered(const consumer::deliver& msg);
  void publish(const batch& messages);
  void send(amqp::exchanged& what);
  void confirmed(std::uint64_t ticket);
  void go_on();
  void note_progress();
  void end();

  self_pointer self_ = nullptr;
  history_places places_;
  history::replay what_;
  caf::typed_response_promise<history::replayed> promise_;
  queue_actor from_;
  bool is_consumer_ = false;     // of `from_`
  bool is_over_ = false;         // answered
  std::uint64_t wanted_ = 0;     // messages
  std::uint64_t taken_ = 0;      // of these
  std::uint64_t open_bytes_ = 0; // taken, and the queue not told
  std::set<std::uint64_t> open_; // tickets not confirmed
  std::uint64_t last_ticket_ = 0;
  std::uint64_t step_ = 0; // counts what happened, for the patience
};

/// Starts one; it ends by itself once it has answered.
history_actor::behavior_type run_history(
  history_actor::stateful_pointer<history_state> self, history_places places);

} // namespace troupe

#pragma once

#include "actors/interfaces.hpp"
#include "actors/routes_board.hpp"
#include "engine/routing/route_table.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <string>

namespace troupe {

/// Counts of one router that others may read at any time.
struct router_figures {
  std::atomic<std::uint64_t> routed = 0;
  std::atomic<std::uint64_t> dropped = 0;
};

/// The shell of the routing table. It keeps each batch until the queue has
/// confirmed it, and gives it again to a queue that was restarted meanwhile.
class router_state {
public:
  static inline const char* name = "router";

  router_actor::behavior_type handlers(
    router_actor::stateful_pointer<router_state> self,
    directory_actor directory,
    std::shared_ptr<const route_table> table,
    std::shared_ptr<const routes_board> routes,
    std::shared_ptr<router_figures> figures);

private:
  using self_pointer = router_actor::stateful_pointer<router_state>;

  /// What goes to each queue.
  using parts = std::map<std::string, std::vector<publish>>;

  void route(router::publish_output& msg);
  void by_table(
    const std::string& output,
    const std::vector<std::uint64_t>& sequences,
    const batch_ptr& messages,
    parts& to);
  void by_exchange(const router::publish_output& msg, parts& to);
  void queue_gone(const std::string& queue);
  void close(std::uint64_t request);
  void confirmed(const router::confirmed& msg);
  void queue_up(const directory::queue_up& msg);
  void answer(const caf::strong_actor_ptr& who, std::uint64_t ticket);

  /// What one `publish_output` still waits for.
  struct open_request {
    caf::strong_actor_ptr who;
    std::uint64_t ticket = 0; // theirs
    std::size_t open = 0;     // queues that have not confirmed
  };
  struct open_part {
    std::uint64_t request = 0;
    publish what;
  };
  struct target {
    queue_actor where;                       // null until the queue is up
    std::map<std::uint64_t, open_part> open; // by ticket, in the order sent
  };

  void send(target& to, std::vector<publish> what);

  self_pointer self_ = nullptr;
  std::shared_ptr<const route_table> table_;
  std::shared_ptr<const routes_board> routes_;
  std::shared_ptr<router_figures> figures_;
  std::map<std::string, target> targets_;
  std::map<std::uint64_t, std::string> target_of_; // by ticket
  std::map<std::uint64_t, open_request> requests_;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_ticket_ = 0;
};

router_actor::behavior_type run_router(
  router_actor::stateful_pointer<router_state> self,
  directory_actor directory,
  std::shared_ptr<const route_table> table,
  std::shared_ptr<const routes_board> routes,
  std::shared_ptr<router_figures> figures);

} // namespace troupe

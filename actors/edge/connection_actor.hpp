#pragma once

#include "actors/interfaces.hpp"
#include "actors/routes_board.hpp"
#include "engine/amqp/connection_machine.hpp"
#include "engine/net/byte_stream.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// Where a connection finds the others. All outlive it.
struct connection_places {
  topology_actor topology;
  access_actor access;
  router_actor router;
  std::shared_ptr<const routes_board> routes;
  std::shared_ptr<const std::atomic<bool>> is_full; // publishers are to wait
  /// Added to the numbers of connections: tells members' apart in a cluster.
  std::uint64_t first_connection = 0;
};

/// The shell of one AMQP connection: bytes from the socket go into its machine,
/// what the machine wants goes to socket, queues and topology. What one read
/// brings leaves as one batch per queue and one write.
class connection_state {
public:
  static inline const char* name = "connection";

  connection_actor::behavior_type handlers(
    connection_actor::stateful_pointer<connection_state> self,
    connection_places places,
    amqp::connection_options options,
    std::shared_ptr<byte_stream> stream);

private:
  using self_pointer = connection_actor::stateful_pointer<connection_state>;

  /// What the socket's thread and this actor both count.
  struct intake {
    std::atomic<std::size_t> unread = 0; // bytes handed out, not yet taken
    std::atomic<std::uint64_t> written = 0;
    std::atomic<bool> is_told = false; // an edge::sent is on its way
  };

  void listen();
  void received(const edge::received& msg);
  void answered(amqp::answer what);
  void sent();
  void closed(const edge::closed& msg);
  void queue_down(const caf::down_msg& msg);
  void look_at_routes();

  void act();
  void carry_out(std::vector<amqp::notice>& notices);
  void carry_out(amqp::publication& what);
  void carry_out(amqp::settling& what);
  void carry_out(amqp::credit_change& what);
  void carry_out(amqp::written& what);
  void carry_out(amqp::pausing& what);
  void carry_out(amqp::cancelled& what);
  void carry_out(amqp::left& what);
  template <class Request>
  void ask(Request& what);
  void ask(amqp::subscribe& what);
  void ask(amqp::get& what);
  void ask(amqp::cancel& what);
  template <class Question>
  void ask_queue(
    const amqp::queue_ref& queue, Question what, amqp::answer otherwise);
  static amqp::refused gone(const amqp::queue_ref& queue);
  void send_publishes();
  queue_actor queue_of(const amqp::queue_ref& queue);
  void set_flow();
  void set_timer();
  void leave_topology();

  self_pointer self_ = nullptr;
  connection_places places_;
  std::shared_ptr<byte_stream> stream_;
  std::shared_ptr<intake> intake_ = std::make_shared<intake>();
  std::optional<amqp::connection_machine> machine_;
  std::uint64_t id_ = 0;
  std::string peer_;
  bool has_spoken_ = false;
  bool is_loopback_ = false;
  std::uint64_t routes_version_ = 0;
  std::map<caf::actor_addr, queue_id> queues_; // those it has to do with
  std::vector<std::pair<queue_actor, std::vector<publish>>> publishes_;
  /// Publishes to queues that are not there: the ticket, all its messages.
  std::vector<std::pair<std::uint64_t, std::vector<std::uint32_t>>> lost_;
  /// The queue a request waits for, and the answer should it end first.
  std::pair<queue_id, amqp::answer> asked_;
  bool is_paused_ = false;
  bool is_closing_ = false;
  bool has_left_ = false; // told the topology
  std::optional<time_point> timer_;
  std::uint64_t timer_generation_ = 0;
};

/// Starts a connection on a stream that was just accepted.
connection_actor::behavior_type run_connection(
  connection_actor::stateful_pointer<connection_state> self,
  connection_places places,
  amqp::connection_options options,
  std::shared_ptr<byte_stream> stream);

} // namespace troupe

#pragma once

#include "actors/cluster/frame_carrier.hpp"
#include "actors/cluster/interfaces.hpp"
#include "engine/gateway/gateway_machine.hpp"
#include "engine/gateway/shard_codec.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

struct gateway_places {
  cluster::member_id self{};
  std::shared_ptr<frame_carrier> links;
  locator_actor locator;
  directory_actor directory;
};

/// The shell of a gateway machine: finds the queue's shards, here and on other
/// members, and carries messages between them and whoever uses the queue. It
/// announces itself to the directory as the queue.
class gateway_state {
public:
  static inline const char* name = "gateway";

  gateway_actor::behavior_type handlers(
    gateway_actor::stateful_pointer<gateway_state> self,
    gateway_places places,
    queue_options options,
    std::string publisher);

private:
  using self_pointer = gateway_actor::stateful_pointer<gateway_state>;

  /// The way to one shard.
  struct way {
    group_id group{};
    cluster::member_id leader{};
    std::uint64_t session = 0;
    std::uint64_t sent = 0;  // frames, in this session
    std::uint64_t heard = 0; // frames of the other end
    bool is_up = false;
    queue_actor here = {}; // null: it is on another member, or not up
  };

  using promise = std::variant<
    caf::typed_response_promise<queue::purged>,
    caf::typed_response_promise<queue::erased>,
    caf::typed_response_promise<queue::description>>;

  // clients
  gateway::client_number client();
  void down(const caf::down_msg& msg);
  template <class Answer>
  caf::typed_response_promise<Answer> promised(std::uint64_t& number);
  caf::result<queue::purged> purge();
  caf::result<queue::erased> erase(const queue::erase& msg);
  caf::result<queue::description> describe(const queue::describe& msg);

  // shards
  way* find(group_id group);
  std::size_t place_of(const way& x) const;
  void located(const gates::located& msg);
  void open(way& to);
  void try_later(way& to);
  void lose(way& to);
  void shard_here(const gates::shard_here& msg);
  void link_changed(const gates::link_changed& msg);
  void received(const gates::received& msg);
  void reply(gateway::shard_reply what);
  void reply(const caf::actor_addr& from, gateway::shard_reply what);

  void act();
  void carry_out(gateway::to_shard& what);
  void carry_out(gateway::to_client& what);
  void carry_out(gateway::to_request& what);
  void send_here(const queue_actor& to, gateway::shard_request& what);

  self_pointer self_ = nullptr;
  gateway_places places_;
  queue_options options_;
  std::optional<gateway::gateway_machine> machine_;
  std::vector<way> ways_; // in the order of the machine's shards
  std::map<caf::actor_addr, gateway::client_number> numbers_;
  std::map<gateway::client_number, caf::strong_actor_ptr> clients_;
  std::map<std::uint64_t, promise> promises_;
  std::uint64_t last_client_ = 0;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_session_ = 0;
};

gateway_actor::behavior_type run_gateway(
  gateway_actor::stateful_pointer<gateway_state> self,
  gateway_places places,
  queue_options options,
  std::string publisher);

} // namespace troupe

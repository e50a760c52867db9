#pragma once

#include "actors/cluster/frame_carrier.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/session_register.hpp"
#include "engine/gateway/shard_codec.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace troupe {

/// What a session stands for.
struct session_of {
  session_register::session_key key;
  std::uint64_t number = 0;
  queue_actor shard;
};

/// Passes on between another member's gateway and a shard here. It ends with
/// the shard, which it tells, and with the link.
class session_state {
public:
  static inline const char* name = "session";

  session_actor::behavior_type handlers(
    session_actor::stateful_pointer<session_state> self,
    session_of what,
    std::shared_ptr<frame_carrier> links,
    std::shared_ptr<session_register> sessions);

private:
  void learn_partitions();
  void received(const gates::received& msg);
  void reply(gateway::shard_reply what);
  template <class What>
  void send(What what);
  void end();

  session_actor::stateful_pointer<session_state> self_ = nullptr;
  session_of what_;
  std::vector<std::uint16_t> partitions_; // that the shard has
  std::uint64_t heard_ = 0;               // requests
  std::uint64_t sent_ = 0;                // replies
  std::shared_ptr<frame_carrier> links_;
  std::shared_ptr<session_register> sessions_;
};

session_actor::behavior_type run_session(
  session_actor::stateful_pointer<session_state> self,
  session_of what,
  std::shared_ptr<frame_carrier> links,
  std::shared_ptr<session_register> sessions);

} // namespace troupe

#pragma once

#include "actors/cluster/frame_carrier.hpp"
#include "actors/cluster/interfaces.hpp"
#include "actors/cluster/session_register.hpp"
#include "engine/gateway/shard_codec.hpp"
#include "engine/ring/slot_map.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {

/// Knows who leads each group and which shards are on this member: brings
/// gateways here and on other members together with them.
class locator_state {
public:
  static inline const char* name = "locator";

  locator_actor::behavior_type handlers(
    locator_actor::stateful_pointer<locator_state> self,
    std::shared_ptr<frame_carrier> links,
    std::shared_ptr<session_register> sessions,
    directory_actor shards);

private:
  /// A gateway on another member that asked for a shard.
  struct caller {
    session_register::session_key key;
    std::uint64_t session = 0;
  };

  void attach(const gates::attach& msg);
  void leads(const gates::leads& msg);
  void find_here(const gates::find_here& msg);
  void session_asked(const gates::session_asked& msg);
  void link_changed(const gates::link_changed& msg);
  void member_gone(cluster::member_id who);
  void shard_up(const directory::queue_up& msg);
  void down(const caf::down_msg& msg);
  void end_sessions(cluster::member_id with);
  void begin(const caller& by, const queue_actor& shard);
  void answer(const caller& by, decltype(gateway::reply_frame::what) what);
  queue_actor shard(const std::string& name) const;
  void tell(const caf::strong_actor_ptr& gateway, group_id group);

  using gateway_set = std::set<caf::strong_actor_ptr>;

  locator_actor::stateful_pointer<locator_state> self_ = nullptr;
  std::shared_ptr<frame_carrier> links_;
  std::shared_ptr<session_register> sessions_;
  std::array<cluster::member_id, troupe::groups> leaders_{};
  std::array<gateway_set, troupe::groups> gateways_; // that lie in each group
  std::map<std::string, caf::strong_actor_ptr> shards_; // by name
  std::map<std::string, std::map<caf::strong_actor_ptr, group_id>> awaited_;
  std::map<cluster::member_id, std::map<caf::strong_actor_ptr, caller>> served_;
  /// Sessions that ended with a link, so that their gateways were not told;
  /// one at most for each, as long as its member and its queue are there.
  std::map<session_register::session_key, std::uint64_t> untold_;
};

locator_actor::behavior_type run_locator(
  locator_actor::stateful_pointer<locator_state> self,
  std::shared_ptr<frame_carrier> links,
  std::shared_ptr<session_register> sessions,
  directory_actor shards);

} // namespace troupe

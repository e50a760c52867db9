#include "actors/cluster/shard_frames.hpp"

#include "engine/gateway/shard_codec.hpp"

#include <caf/send.hpp>

namespace troupe {

using cluster::member_id;

namespace {

void to_session(
  const session_register& sessions,
  const locator_actor& locator,
  gates::received what) {
  auto head = gateway::read_head(what.bytes);
  if (!head) return;
  auto to = sessions.session(
    {what.from, std::string{head->queue}, head->group}, head->session);
  if (to)
    caf::anon_send(caf::actor_cast<session_actor>(to), std::move(what));
  else
    caf::anon_send(
      locator, gates::session_asked{what.from, std::move(what.bytes)});
}

void to_gateway(const session_register& sessions, gates::received what) {
  auto head = gateway::read_head(what.bytes);
  if (!head) return;
  if (auto to = sessions.gateway(std::string{head->queue}))
    caf::anon_send(caf::actor_cast<gateway_actor>(to), std::move(what));
}

} // namespace

void take_shard_frames(
  frame_carrier& links,
  std::shared_ptr<session_register> sessions,
  locator_actor locator) {
  links.take(
    message_kind::to_shard,
    [sessions, locator](member_id from, std::string bytes) {
      to_session(*sessions, locator, {from, std::move(bytes)});
    });
  links.take(
    message_kind::from_shard, [sessions](member_id from, std::string bytes) {
      to_gateway(*sessions, {from, std::move(bytes)});
    });
}

} // namespace troupe

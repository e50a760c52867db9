#include "actors/access_actor.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe {

access_actor::behavior_type access_state::handlers(
  access_actor::stateful_pointer<access_state> self,
  std::shared_ptr<login_check> logins) {
  logins_ = std::move(logins);
  return {
    [this, self](const access::check& msg) {
      self->send(
        caf::actor_cast<connection_actor>(self->current_sender()),
        edge::answered{check(msg)});
    },
  };
}

amqp::answer access_state::check(const access::check& msg) {
  auto from =
    msg.is_loopback ? login_origin::this_machine : login_origin::elsewhere;
  const auto& asked = msg.what;
  auto who = asked.mechanism == "EXTERNAL"
               ? logins_->accept(asked.name, from)
               : logins_->check(asked.name, asked.password, from);
  if (who) return amqp::logged_in{std::move(*who)};
  spdlog::warn("amqp: login refused: {}", who.error().detail);
  return amqp::refused{
    amqp::reply_code::access_refused,
    "Login was refused using authentication mechanism " + asked.mechanism
      + ". For details see the broker logfile."};
}

access_actor::behavior_type run_access(
  access_actor::stateful_pointer<access_state> self,
  std::shared_ptr<login_check> logins) {
  return self->state.handlers(self, std::move(logins));
}

} // namespace troupe

#include "actors/cluster/session_actor.hpp"

#include "actors/cluster/shard_requests.hpp"
#include "engine/delivery/queue_groups.hpp"
#include "engine/gateway/names_only.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

session_actor::behavior_type session_state::handlers(
  session_actor::stateful_pointer<session_state> self,
  session_of what,
  std::shared_ptr<frame_carrier> links,
  std::shared_ptr<session_register> sessions) {
  self_ = self;
  what_ = std::move(what);
  links_ = std::move(links);
  sessions_ = std::move(sessions);
  self->set_down_handler([this](const caf::down_msg&) {
    send(gateway::closed{});
    end();
  });
  self->monitor(what_.shard);
  learn_partitions();
  return {
    [this](const gates::received& msg) { received(msg); },
    [this](gates::ended) { end(); },
    [this](router::confirmed& msg) {
      reply(gateway::confirmed{std::move(msg.tickets), std::move(msg.refused)});
    },
    [this](consumer::deliver& msg) {
      reply(gateway::deliver{msg.consumer, std::move(msg.runs)});
    },
    [this](edge::answered& msg) {
      reply(gateway::answered{msg.consumer, std::move(msg.what)});
    },
    [this](edge::consumer_gone msg) {
      reply(gateway::consumer_gone{msg.consumer});
    },
  };
}

/// Learns what the shard has before anything is asked of it.
void session_state::learn_partitions() {
  self_->request(what_.shard, caf::infinite, queue::describe{})
    .then(
      [this](const queue::description& x) {
        for (std::uint16_t i = 0; i < x.options.partitions; ++i)
          if (group_of(x.options, i) == what_.key.group)
            partitions_.push_back(i);
        send(gateway::opened{});
      },
      [](const caf::error&) {}); // it has ended; that is told
}

void session_state::received(const gates::received& msg) {
  auto read = gateway::decode_shard_frame(msg.bytes);
  if (!read) {
    spdlog::warn("cluster: {}", read.error().detail);
    send(gateway::closed{});
    return end();
  }
  if (std::holds_alternative<gateway::close>(read->what)) return end();
  auto* request = std::get_if<gateway::shard_request>(&read->what);
  if (!request) return;
  if (read->number != ++heard_) { // one before it was lost
    send(gateway::closed{});
    return end();
  }
  auto is_here = [this](std::uint16_t partition) {
    return std::ranges::find(partitions_, partition) != partitions_.end();
  };
  if (!names_only(*request, is_here)) {
    spdlog::warn(
      "cluster: a message for {} names partitions that it has not; the "
      "members' configurations differ",
      what_.key.queue);
    send(gateway::closed{});
    return end();
  }
  auto answer = [this](gateway::shard_reply x) { reply(std::move(x)); };
  std::visit(shard_requests{self_, what_.shard, answer}, *request);
}

void session_state::reply(gateway::shard_reply what) { send(std::move(what)); }

template <class What>
void session_state::send(What what) {
  auto frame = gateway::reply_frame{};
  frame.queue = what_.key.queue;
  frame.group = what_.key.group;
  frame.session = what_.number;
  if constexpr (!std::is_same_v<What, gateway::closed>) frame.number = ++sent_;
  frame.what = std::move(what);
  links_->send(what_.key.from, message_kind::from_shard, encode(frame));
}

/// The shard takes this one's end for that of all its consumers.
void session_state::end() {
  sessions_->remove_session(what_.key, what_.number);
  self_->quit(caf::exit_reason::user_shutdown);
}

session_actor::behavior_type run_session(
  session_actor::stateful_pointer<session_state> self,
  session_of what,
  std::shared_ptr<frame_carrier> links,
  std::shared_ptr<session_register> sessions) {
  return self->state.handlers(
    self, std::move(what), std::move(links), std::move(sessions));
}

} // namespace troupe

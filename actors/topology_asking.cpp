#include "actors/topology_actor.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

// What connections and queues of this member ask the leader of the topology,
// which may be this member.

namespace troupe {

namespace {

// What is lost between members, and no new link tells of, is asked again.
constexpr auto ask_interval = std::chrono::seconds{5};

bool is_exclusive(const topology_frames::question& what) {
  const auto* declared = std::get_if<amqp::declare_queue>(&what);
  return declared && declared->exclusive;
}

} // namespace

void topology_state::ask_in_cluster(broker::ask& msg) {
  auto who = self_->current_sender();
  const auto* opened = std::get_if<amqp::open_vhost>(&msg.what);
  // Also while nobody leads; but a member that has just started does not know
  // yet where to bring what a client publishes.
  auto is_known = opened && machine_.snapshot()->has_vhost(opened->vhost);
  if (is_known && has_begun_) {
    send_answer(who, amqp::done{});
    return;
  }
  auto what = topology_frames::to_question(std::move(msg.what));
  auto why = amqp::refused{
    amqp::reply_code::internal_error, "the topology cannot answer this"};
  auto made = topology_frames::ask{0, msg.connection, false, {}};
  if (what) made.what = std::move(*what);
  if (what && name_queue(made, why))
    begin(std::move(who), std::move(made));
  else
    send_answer(who, std::move(why));
}

/// Makes up the name of a queue that has none, here: asked twice it stays one
/// queue. Returns false where its prefix is refused.
bool topology_state::name_queue(
  topology_frames::ask& what, amqp::refused& why) {
  auto* declared = std::get_if<amqp::declare_queue>(&what.what);
  if (!declared || declared->passive || !declared->name.empty()) return true;
  auto prefix = amqp::name_prefix(*declared);
  if (auto* no = std::get_if<amqp::refused>(&prefix)) {
    why = std::move(*no);
    return false;
  }
  declared->name = random_name(std::get<std::string>(std::move(prefix)));
  what.is_server_named = true;
  return true;
}

/// Keeps an ask until it is answered, by whoever leads then.
void topology_state::begin(
  caf::strong_actor_ptr who, topology_frames::ask what) {
  what.number = ++last_number_;
  auto& made = open_[what.number];
  made = {std::move(who), std::move(what), false};
  if (leads_)
    decide_open(made);
  else if (can_ask())
    send(made);
  wait_for_answers();
}

void topology_state::notify(
  std::uint64_t connection, topology_frames::question what) {
  begin({}, {0, connection, false, std::move(what)});
}

/// Forgets what the connection has asked. The leader needs to hear of it only
/// where it has queues for itself, or may be getting some.
void topology_state::connection_ended(std::uint64_t connection) {
  auto may_own = machine_.is_owner(connection);
  std::erase_if(open_, [&](const auto& x) {
    const auto& [number, asked] = x;
    if (!asked.who || asked.what.connection != connection) return false;
    may_own |= asked.was_sent && is_exclusive(asked.what.what);
    return true;
  });
  if (may_own) notify(connection, topology_frames::connection_gone{});
}

void topology_state::queue_idle(const broker::queue_unused& msg) {
  auto is_asked = std::ranges::any_of(open_, [&](const auto& x) {
    auto* idle =
      std::get_if<topology_frames::queue_unused>(&x.second.what.what);
    return idle && idle->which == msg.which;
  });
  if (!is_asked)
    notify(0, topology_frames::queue_unused{msg.which, msg.only_if_unused});
}

void topology_state::ask_gone(topology_messages::ask_gone msg) {
  auto who = self_->current_sender();
  if (cluster_)
    begin(
      std::move(who), {0, 0, false, topology_frames::queue_gone{msg.which}});
  else
    send_answer(who, amqp::done{});
}

// -- to the leader

bool topology_state::can_ask() const {
  return !leads_ && leader_ != 0 && leader_ == copy_.source()
         && copy_.is_whole();
}

void topology_state::send(open_ask& which) {
  which.was_sent = true;
  send_to(leader_, which.what);
}

void topology_state::ask_all() {
  if (!can_ask()) return;
  for (auto& [number, x] : open_) send(x);
}

void topology_state::wait_for_answers() {
  auto waits = !leads_ && (is_wanting_ || !open_.empty());
  if (!waits || std::exchange(is_waiting_, true)) return;
  self_->delayed_send(
    topology_actor{self_}, ask_interval, topology_messages::ask_again{});
}

void topology_state::ask_again() {
  is_waiting_ = false;
  is_wanting_ = false; // or it would have come
  if (!leads_ && !copy_.is_whole() && leader_ != 0) want_whole(leader_);
  ask_all();
  wait_for_answers();
}

// -- answers

/// Takes an answer once all is followed that came before it: else the client
/// could be told of a queue that this member does not know.
void topology_state::answered(
  std::uint16_t from, topology_frames::answer& msg) {
  if (leads_ || from != copy_.source() || !copy_.is_whole()) return;
  if (msg.version > copy_.version()) {
    want_whole(from);
    return;
  }
  std::visit([&](auto& x) { give(msg.number, std::move(x)); }, msg.what);
}

void topology_state::give(std::uint64_t number, amqp::answer what) {
  if (auto asked = open_.extract(number))
    send_answer(asked.mapped().who, std::move(what));
}

} // namespace troupe

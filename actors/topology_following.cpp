#include "actors/queue_place.hpp"
#include "actors/topology_actor.hpp"
#include "engine/routing/equivalence.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <map>
#include <string_view>
#include <utility>

// The topology actor that goes by what the leader of its cluster tells.

namespace troupe {

namespace {

void complain(std::uint16_t member, const error& why) {
  spdlog::error("topology of member {}: {}", member, why.detail);
}

} // namespace

void topology_state::send_to(
  std::uint16_t member, const topology_frames::frame& what) {
  caf::anon_send(
    cluster_->peers,
    topology_messages::outgoing{member, topology_frames::encode(what)});
}

void topology_state::incoming(const topology_messages::incoming& msg) {
  if (!cluster_) return;
  auto read = topology_frames::decode(msg.bytes);
  if (!read) {
    complain(msg.from, read.error());
    return;
  }
  std::visit([&](auto& x) { take(msg.from, x); }, *read);
}

void topology_state::take(std::uint16_t from, topology_frames::ask& msg) {
  asked(from, msg);
}

void topology_state::take(std::uint16_t from, topology_frames::answer& msg) {
  answered(from, msg);
}

void topology_state::take(std::uint16_t from, topology_frames::want& msg) {
  if (leads_ && msg.epoch <= copy_.epoch()) send_whole(from);
}

void topology_state::take(std::uint16_t from, topology_frames::update& msg) {
  if (msg.epoch < copy_.epoch()) return;
  if (leads_ && msg.epoch == copy_.epoch()) return; // nobody else may
  if (leads_) step_down();                          // before it was told
  auto followed = copy_.on_update(from, std::move(msg));
  using outcome = topology_copy::outcome;
  if (followed.what == outcome::whole) {
    take_whole(from);
  } else if (followed.what == outcome::changed) {
    for (const auto& x : followed.steps) take(x);
    put_up();
  } else if (followed.what == outcome::missed) {
    want_whole(from);
  }
}

void topology_state::want_whole(std::uint16_t from) {
  if (std::exchange(is_wanting_, true)) return;
  send_to(from, topology_frames::want{copy_.epoch()});
  wait_for_answers();
}

void topology_state::take_whole(std::uint16_t from) {
  is_wanting_ = false;
  has_begun_ = true;
  leader_ = from;
  rebuild(copy_.records());
  put_up();
  ask_all();
  wait_for_answers();
}

// -- the topology from its records

/// Begins anew with what the configuration has, and keeps the gateways of
/// queues that are still there.
void topology_state::rebuild(const topology_copy::record_map& all) {
  machine_ = base_;
  is_complete_ = true;
  for (const auto& [at, value] : all)
    if (auto done = machine_.restore(at.first, at.second, value); !done) {
      complain(leader_, done.error());
      is_complete_ = false;
    }
  auto queues = std::map<queue_id, routed_queue_ptr>{};
  auto routes = machine_.snapshot();
  routes->for_each_vhost([&](const std::string& vhost) {
    routes->for_each_queue(vhost, [&](const routed_queue& x) {
      queues[x.id] = x.shared_from_this();
    });
  });
  auto gone = std::vector<queue_id>{};
  for (const auto& [id, x] : children_)
    if (!queues.contains(id)) gone.push_back(id);
  for (auto id : gone) let_go(id);
  for (const auto& [id, x] : queues) take_queue(*x);
}

/// Follows one change.
void topology_state::take(const topology_copy::step& what) {
  const auto& [vhost, key, value] = what.what;
  constexpr auto prefix = std::string_view{"queue/"};
  auto is_queue = key.starts_with(prefix);
  auto queue = key.substr(is_queue ? prefix.size() : 0);
  auto find = [&] { return machine_.snapshot()->find_queue(vhost, queue); };
  auto before = is_queue && find() ? find()->shared_from_this() : nullptr;
  auto done = result<>{};
  if (what.before) done = machine_.retract(vhost, key, *what.before);
  if (done && value) done = machine_.restore(vhost, key, *value);
  if (!done) complain(leader_, done.error());
  if (!is_queue) return;
  const auto* now = find();
  if (before && (!now || now->id != before->id)) let_go(before->id);
  if (now) take_queue(*now);
}

/// Gives a queue its gateway, a new one where it has none.
void topology_state::take_queue(const routed_queue& found) {
  if (base_.snapshot()->find_queue(found.vhost, found.name)) return;
  auto known = children_.find(found.id);
  if (known != children_.end()) {
    set_place(found.id, known->second.where);
    return;
  }
  auto made = start_of(
    found.vhost, *found.declared,
    queue_memory(memory_budget_, children_.size() + 1));
  if (auto* why = std::get_if<amqp::refused>(&made)) {
    spdlog::error(
      "{} cannot be used here: {}",
      place_text("queue", found.name, found.vhost), why->text);
    return;
  }
  auto start = std::get<queue_start>(std::move(made));
  start.options.id = found.id;
  adopt(std::move(start));
}

/// Ends the gateway of a queue that the leader has deleted.
void topology_state::let_go(queue_id gone) {
  auto known = children_.extract(gone);
  if (!known) return;
  const auto& [vhost, called, start, where, is_placed, failures] =
    known.mapped();
  ids_.erase(start.options.full_name());
  self_->send(places_.router, router::queue_gone{start.options.full_name()});
  if (where) caf::anon_send_exit(where, caf::exit_reason::user_shutdown);
  cluster_->queue_gone(start);
}

} // namespace troupe

#include "actors/queue_place.hpp"
#include "actors/topology_actor.hpp"
#include "engine/amqp/broker.hpp"

#include <caf/send.hpp>

#include <algorithm>

// The topology actor's bindings, and the histories that new ones begin with.

namespace troupe {

namespace {

binding to_binding(amqp::change_binding& from) {
  using kind = binding::kind;
  return {
    std::move(from.source), from.to_queue ? kind::queue : kind::exchange,
    std::move(from.destination), std::move(from.routing_key),
    std::move(from.arguments)};
}

amqp::refused
belongs_to_node(const std::string& vhost, const std::string& exchange) {
  return {
    amqp::reply_code::access_refused,
    "exchange '" + exchange + "' in vhost '" + vhost
      + "' leads into the pipeline by the node's "
        "configuration: change it there"};
}

} // namespace

/// Returns whether a binding is the one by which a source gets its messages.
bool topology_state::is_configured(
  const std::string& vhost, const binding& what) const {
  if (what.to != binding::kind::queue || what.routing_key != "#") return false;
  const auto* to = machine_.snapshot()->find_queue(vhost, what.destination);
  const auto* place = to ? place_of(*to) : nullptr;
  return place && !place->output.empty() && place->exchange == what.source;
}

bool topology_state::is_configured(
  const std::string& vhost, const std::string& exchange) const {
  return std::ranges::any_of(
    machine_.bindings_from(vhost, exchange),
    [&](const binding_ptr& x) { return is_configured(vhost, *x); });
}

void topology_state::carry_out(const asker& by, amqp::delete_exchange& what) {
  if (is_configured(what.vhost, what.name)) {
    answer(by, belongs_to_node(what.vhost, what.name));
    return;
  }
  auto changed = machine_.delete_exchange(
    what.vhost, what.name,
    what.if_unused ? removal::if_unused : removal::always);
  if (changed)
    answer_stored(by, amqp::done{}, *changed);
  else
    refuse(by, changed.error());
}

void topology_state::carry_out(const asker& by, amqp::change_binding& what) {
  auto vhost = what.vhost;
  auto adds = what.adds;
  auto which = to_binding(what);
  if (!adds && is_configured(vhost, which)) {
    answer(by, belongs_to_node(vhost, which.source));
    return;
  }
  auto changed = adds ? machine_.bind(vhost, which, by.connection)
                      : machine_.unbind(vhost, which, by.connection);
  if (!changed) {
    refuse(by, changed.error());
    return;
  }
  auto kept_in =
    changed->is_new ? history_of(vhost, which.source) : std::nullopt;
  if (kept_in)
    replay(
      *kept_in,
      {by, std::move(*changed), {{}, std::move(vhost), std::move(which)}});
  else
    answer_stored(by, amqp::done{}, *changed);
}

// -- histories

/// Returns the queue in which an exchange keeps its recent messages, if it
/// does.
std::optional<queue_id> topology_state::history_of(
  const std::string& vhost, const std::string& exchange) const {
  auto routes = machine_.snapshot();
  const auto* from = routes->find_exchange(vhost, exchange);
  if (!from || !from->has_history()) return std::nullopt;
  const auto* kept =
    routes->find_queue(vhost, amqp::history_queue_name(exchange));
  return kept ? std::optional{kept->id} : std::nullopt;
}

/// Lets a binding lead at once, so that it misses nothing that comes from now
/// on, and stores it once it was brought what came before: a client that never
/// heard an answer binds again, and gets it again.
void topology_state::replay(queue_id kept_in, new_binding which) {
  put_up();
  if (cluster_) settle({nobody(), {}, which.change.shared, true});
  auto& line = histories_[kept_in].waiting;
  line.push_back(std::move(which));
  if (line.size() == 1) replay_next(kept_in);
}

void topology_state::replay_next(queue_id kept_in) {
  auto& line = histories_[kept_in];
  auto what = line.waiting.front().what;
  if (auto known = children_.find(kept_in); known != children_.end())
    what.from = caf::actor_cast<caf::strong_actor_ptr>(known->second.where);
  if (!what.from) {
    replayed(kept_in);
    return;
  }
  line.at_work =
    self_->spawn(run_history, history_places{places_.router, routes_});
  auto then = [this, kept_in, term = term_] {
    if (term == term_) replayed(kept_in);
  };
  self_->request(line.at_work, caf::infinite, std::move(what))
    .then(
      [then](const history::replayed&) { then(); },
      [then](const caf::error&) { then(); });
}

void topology_state::replayed(queue_id kept_in) {
  auto& line = histories_[kept_in];
  line.at_work = history_actor{};
  auto done = std::move(line.waiting.front());
  line.waiting.pop_front();
  if (!is_still_bound(done)) done.change = topology_change{};
  answer_stored(done.by, amqp::done{}, done.change);
  if (line.waiting.empty())
    histories_.erase(kept_in);
  else
    replay_next(kept_in);
}

/// Says whether a binding is yet to be stored: it may have gone meanwhile, and
/// then has no record that somebody would erase.
bool topology_state::is_still_bound(const new_binding& which) const {
  const auto& [from, vhost, added] = which.what;
  return std::ranges::any_of(
    machine_.bindings_from(vhost, added.source), [&](const binding_ptr& x) {
      return record_key(*x) == which.change.shared.front().key;
    });
}

} // namespace troupe

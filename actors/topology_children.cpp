#include "actors/actor_clock.hpp"
#include "actors/queue_place.hpp"
#include "actors/topology_actor.hpp"
#include "engine/routing/equivalence.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

// The actors of the queues that clients declare: how they start, fail and go.

namespace troupe {

namespace {

// A queue's actor that fails so often within a minute is left alone: what it
// stored is there at the next start.
constexpr std::size_t most_failures = 5;
constexpr auto failures_within = std::chrono::minutes{1};

} // namespace

topology_state::~topology_state() {
  constexpr auto why = caf::exit_reason::user_shutdown;
  for (const auto& [id, x] : children_)
    if (x.where) caf::anon_send_exit(x.where, why);
  for (const auto& [id, x] : histories_)
    if (x.at_work) caf::anon_send_exit(x.at_work, why);
  if (clerk_) caf::anon_send_exit(clerk_, why);
}

void topology_state::adopt(queue_start start) {
  ids_[start.options.full_name()] = start.options.id;
  auto& made = children_[start.options.id];
  made.vhost = start.options.vhost;
  made.name = start.options.name;
  made.start = std::move(start);
  this->start(made);
}

void topology_state::start(child& which) {
  auto now = which.start;
  which.start.recovered = nullptr; // good once: the next one recovers
  auto is_ready = cluster_ || now.recovered || !now.options.is_durable;
  auto id = now.options.id;
  if (cluster_)
    which.where = cluster_->open_queue(now);
  else
    which.where = self_->spawn(run_queue, places_, std::move(now));
  self_->monitor(which.where);
  by_actor_[which.where.address()] = id;
  which.is_placed = is_ready; // else when it is up
  if (is_ready) set_place(id, which.where);
}

void topology_state::set_place(queue_id of, queue_actor where) {
  auto place =
    std::make_shared<queue_place>(queue_place{std::move(where), {}, {}});
  machine_.set_place(of, place);
  if (cluster_) base_.set_place(of, place);
}

void topology_state::queue_up(const directory::queue_up& msg) {
  auto known = ids_.find(msg.name);
  if (known == ids_.end()) return;
  auto where = caf::actor_cast<queue_actor>(msg.where);
  auto ours = children_.find(known->second);
  auto is_ours = ours != children_.end();
  if (is_ours && (ours->second.where != where || ours->second.is_placed))
    return;
  if (is_ours) ours->second.is_placed = true;
  set_place(known->second, where);
  put_up();
}

void topology_state::child_down(const caf::down_msg& msg) {
  auto id = by_actor_.extract(msg.source);
  auto found = id ? children_.find(id.mapped()) : children_.end();
  if (found == children_.end()) return;
  if (!msg.reason || msg.reason == caf::exit_reason::user_shutdown) return;
  auto& which = found->second;
  auto now = actor_now(*self_);
  auto text = place_text("queue", which.name, which.vhost);
  spdlog::error("{} failed: {}", text, self_->system().render(msg.reason));
  auto& failures = which.failures;
  failures.push_back(now);
  while (failures.front() + failures_within < now) failures.pop_front();
  which.is_placed = false;
  set_place(found->first, queue_actor{});
  if (failures.size() > most_failures)
    spdlog::error("{} is left alone until the node is restarted", text);
  else
    start(which);
  put_up();
}

// -- going

/// Takes a queue whose actor has ended out of the topology.
void topology_state::remove(
  const asker& by, const child& which, std::uint64_t messages) {
  const auto* found = machine_.snapshot()->find_queue(which.vhost, which.name);
  auto owner = found ? found->owner : 0;
  auto changed = machine_.delete_queue(
    std::string{which.vhost}, std::string{which.name}, owner);
  if (changed)
    answer_stored(by, amqp::done{"", messages, 0}, *changed);
  else
    refuse(by, changed.error());
}

/// Ends what a change left without a place in the topology.
void topology_state::end_gone(const topology_change& change) {
  for (const auto& x : change.queues_gone) forget(*x);
  auto routes = machine_.snapshot();
  for (const auto& x : change.exchanges_gone)
    for (const auto& its :
         {amqp::delayed_queue_name(x->name()),
          amqp::history_queue_name(x->name())})
      if (const auto* found = routes->find_queue(x->vhost(), its))
        queue_unused({found->id, false});
}

void topology_state::forget(const routed_queue& gone) {
  auto known = children_.extract(gone.id);
  if (!known) return;
  const auto& options = known.mapped().start.options;
  ids_.erase(options.full_name());
  if (options.is_durable)
    self_->send(places_.store, store::drop{options.full_name()});
  self_->send(places_.router, router::queue_gone{options.full_name()});
  // It may have ended already: then nobody hears this.
  caf::anon_send(known.mapped().where, queue::erase{});
  if (cluster_) cluster_->queue_gone(known.mapped().start);
}

void topology_state::connection_gone(std::uint64_t connection) {
  if (cluster_)
    connection_ended(connection);
  else
    drop_exclusive(nobody(), connection);
}

void topology_state::drop_exclusive(const asker& by, std::uint64_t connection) {
  auto changed = machine_.drop_exclusive(connection);
  if (changed.queues_gone.empty())
    answer(by, amqp::done{});
  else
    answer_stored(by, amqp::done{}, changed);
}

void topology_state::queue_unused(const broker::queue_unused& msg) {
  if (cluster_)
    queue_idle(msg);
  else
    end_unused(nobody(), msg);
}

void topology_state::end_unused(
  const asker& by, const broker::queue_unused& msg) {
  auto known = children_.find(msg.which);
  if (known == children_.end()) {
    answer(by, amqp::done{});
    return;
  }
  auto then = [this, by, id = msg.which](const queue::erased& x) {
    if (by.term != term_) return; // another member decides now
    auto which = children_.find(id);
    if (x.what == queue::erased::verdict::done && which != children_.end())
      remove(by, which->second, x.messages);
    else
      answer(by, amqp::done{});
  };
  self_
    ->request(
      known->second.where, caf::infinite,
      queue::erase{msg.only_if_unused, false})
    .then(then, [this, by](const caf::error&) {
      answer(by, amqp::done{}); // it failed meanwhile, and is started again
    });
}

} // namespace troupe

#include "actors/router_actor.hpp"

#include "actors/queue_place.hpp"
#include "engine/amqp/exchange_routing.hpp"
#include "engine/base/queue_name.hpp"

#include <caf/send.hpp>

namespace troupe {

namespace {

constexpr std::string_view by_exchange_prefix = "amqp:"; // then a vhost

} // namespace

router_actor::behavior_type router_state::handlers(
  self_pointer self,
  directory_actor directory,
  std::shared_ptr<const route_table> table,
  std::shared_ptr<const routes_board> routes,
  std::shared_ptr<router_figures> figures) {
  self_ = self;
  table_ = std::move(table);
  routes_ = std::move(routes);
  figures_ = std::move(figures);
  self->send(directory, directory::watch{});
  return {
    [this](router::publish_output& msg) { route(msg); },
    [this](const router::confirmed& msg) { confirmed(msg); },
    [this](const router::queue_gone& msg) { queue_gone(msg.name); },
    [this](const directory::queue_up& msg) { queue_up(msg); },
  };
}

void router_state::route(router::publish_output& msg) {
  auto found = parts{};
  if (msg.output.starts_with(by_exchange_prefix))
    by_exchange(msg, found);
  else
    by_table(msg.output, msg.sequences, msg.messages, found);
  figures_->routed += msg.messages->size();
  auto count = std::size_t{0};
  for (const auto& [queue, what] : found) count += what.size();
  if (count == 0 && table_->keeps_unrouted) return;
  if (count == 0) {
    answer(self_->current_sender(), msg.ticket);
    return;
  }
  auto id = ++last_request_;
  requests_[id] = {self_->current_sender(), msg.ticket, count};
  for (auto& [queue, what] : found) {
    auto& to = targets_[queue];
    for (auto& x : what) {
      x.ticket = ++last_ticket_;
      x.publisher = msg.publisher;
      to.open.emplace(x.ticket, open_part{id, x});
      target_of_.emplace(x.ticket, queue);
    }
    send(to, std::move(what));
  }
}

/// What comes out of sources and handlers goes where the configuration says.
void router_state::by_table(
  const std::string& output,
  const std::vector<std::uint64_t>& sequences,
  const batch_ptr& messages,
  parts& to) {
  auto found = table_->route(output, sequences, messages);
  figures_->dropped += found.dropped;
  for (auto& x : found.to) {
    auto what = troupe::publish{};
    what.partition = x.partition;
    what.sequences = std::move(x.sequences);
    what.messages = std::move(x.messages);
    to[x.queue].push_back(std::move(what));
  }
}

/// What a queue that clients declared lets go of is published to an exchange,
/// which may lead back into the pipeline.
void router_state::by_exchange(const router::publish_output& msg, parts& to) {
  auto vhost = msg.output.substr(by_exchange_prefix.size());
  for (auto& x : amqp::route_by_exchange(
         *routes_->look(), vhost, msg.sequences, *msg.messages)) {
    const auto* place = place_of(*x.to);
    if (place && !place->output.empty()) {
      by_table(place->output, x.sequences, x.messages, to);
      continue;
    }
    auto what = troupe::publish{};
    what.partition = x.partition;
    what.sequences = std::move(x.sequences);
    what.messages = std::move(x.messages);
    what.has_expirations = x.has_expirations;
    what.is_delayed = x.is_delayed;
    to[full_queue_name(x.to->vhost, x.to->name)].push_back(std::move(what));
  }
}

void router_state::confirmed(const router::confirmed& msg) {
  for (auto ticket : msg.tickets) {
    auto known = target_of_.extract(ticket);
    if (!known) continue; // confirmed before the queue was restarted
    auto part = targets_[known.mapped()].open.extract(ticket);
    close(part.mapped().request);
  }
}

/// One part of a request is safe, or nobody wants it any more.
void router_state::close(std::uint64_t request) {
  auto found = requests_.find(request);
  if (--found->second.open > 0) return;
  answer(found->second.who, found->second.ticket);
  requests_.erase(found);
}

void router_state::queue_gone(const std::string& queue) {
  auto gone = targets_.extract(queue);
  if (!gone) return;
  for (const auto& [ticket, part] : gone.mapped().open) {
    target_of_.erase(ticket);
    close(part.request);
  }
}

void router_state::queue_up(const directory::queue_up& msg) {
  auto& to = targets_[msg.name];
  to.where = caf::actor_cast<queue_actor>(msg.where);
  // What an earlier incarnation took and did not confirm may be lost with it.
  // It drops what it knows of those that number their messages.
  auto again = std::vector<publish>{};
  for (const auto& [ticket, part] : to.open) again.push_back(part.what);
  send(to, std::move(again));
}

void router_state::send(target& to, std::vector<publish> what) {
  if (to.where && !what.empty())
    self_->send(to.where, queue::enqueue{std::move(what)});
}

void router_state::answer(
  const caf::strong_actor_ptr& who, std::uint64_t ticket) {
  // A source takes this answer as a queue does.
  if (who)
    self_->send(caf::actor_cast<queue_actor>(who), queue::published{ticket});
}

router_actor::behavior_type run_router(
  router_actor::stateful_pointer<router_state> self,
  directory_actor directory,
  std::shared_ptr<const route_table> table,
  std::shared_ptr<const routes_board> routes,
  std::shared_ptr<router_figures> figures) {
  return self->state.handlers(
    self, std::move(directory), std::move(table), std::move(routes),
    std::move(figures));
}

} // namespace troupe

#include "actors/router_actor.hpp"

#include <caf/send.hpp>

namespace troupe {

router_actor::behavior_type router_state::handlers(
  self_pointer self,
  directory_actor directory,
  std::shared_ptr<const route_table> table,
  std::shared_ptr<router_figures> figures) {
  self_ = self;
  table_ = std::move(table);
  figures_ = std::move(figures);
  self->send(directory, directory::watch{});
  return {
    [this](router::publish_output& msg) { route(msg); },
    [this](const router::confirmed& msg) { confirmed(msg); },
    [this](const directory::queue_up& msg) { queue_up(msg); },
  };
}

void router_state::route(router::publish_output& msg) {
  auto found = table_->route(msg.output, msg.sequences, msg.messages);
  figures_->routed += msg.messages->size();
  figures_->dropped += found.dropped;
  if (found.to.empty()) {
    answer(self_->current_sender(), msg.ticket);
    return;
  }
  auto id = ++last_request_;
  requests_[id] = {self_->current_sender(), msg.ticket, found.to.size()};
  auto by_queue = std::map<std::string, std::vector<publish>>{};
  for (auto& x : found.to) {
    auto ticket = ++last_ticket_;
    auto what = troupe::publish{
      ticket, x.partition, msg.publisher, std::move(x.sequences),
      std::move(x.messages)};
    targets_[x.queue].open.emplace(ticket, open_part{id, what});
    target_of_.emplace(ticket, x.queue);
    by_queue[x.queue].push_back(std::move(what));
  }
  for (auto& [queue, what] : by_queue) send(targets_[queue], std::move(what));
}

void router_state::confirmed(const router::confirmed& msg) {
  for (auto ticket : msg.tickets) {
    auto known = target_of_.extract(ticket);
    if (!known) continue; // confirmed before the queue was restarted
    auto part = targets_[known.mapped()].open.extract(ticket);
    auto request = requests_.find(part.mapped().request);
    if (--request->second.open > 0) continue;
    answer(request->second.who, request->second.ticket);
    requests_.erase(request);
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
  std::shared_ptr<router_figures> figures) {
  return self->state.handlers(
    self, std::move(directory), std::move(table), std::move(figures));
}

} // namespace troupe

#include "actors/directory_actor.hpp"

#include <caf/send.hpp>

namespace troupe {

directory_actor::behavior_type directory_state::handlers(
  directory_actor::stateful_pointer<directory_state> self) {
  self_ = self;
  self->set_down_handler([this](const caf::down_msg& msg) { down(msg); });
  return {
    [this](const directory::queue_up& msg) { queue_up(msg); },
    [this](directory::watch) { watch(); },
    [this](directory::list) { return list(); },
    [this](const directory::find& msg) { return find(msg.name); },
  };
}

void directory_state::queue_up(const directory::queue_up& msg) {
  queues_[msg.name] = msg.where;
  self_->monitor(caf::actor_cast<caf::actor>(msg.where));
  for (const auto& who : watchers_) tell(who, msg);
}

void directory_state::watch() {
  auto who = self_->current_sender();
  self_->monitor(caf::actor_cast<caf::actor>(who));
  watchers_.insert(who);
  for (const auto& [queue, where] : queues_) tell(who, {queue, where});
}

directory::listing directory_state::list() const {
  auto all = directory::listing{};
  for (const auto& [queue, where] : queues_)
    all.queues.push_back({queue, where});
  return all;
}

caf::result<directory::queue_up>
directory_state::find(const std::string& queue) const {
  auto found = queues_.find(queue);
  if (found == queues_.end())
    return caf::make_error(caf::sec::cannot_open_file);
  return directory::queue_up{queue, found->second};
}

void directory_state::down(const caf::down_msg& msg) {
  auto is_gone = [&](const caf::strong_actor_ptr& x) {
    return caf::actor_cast<caf::actor_addr>(x) == msg.source;
  };
  std::erase_if(watchers_, is_gone);
  std::erase_if(queues_, [&](const auto& x) { return is_gone(x.second); });
}

void directory_state::tell(
  const caf::strong_actor_ptr& who, const directory::queue_up& what) {
  // Consumers and others take this as a router does.
  self_->send(caf::actor_cast<router_actor>(who), what);
}

directory_actor::behavior_type
run_directory(directory_actor::stateful_pointer<directory_state> self) {
  return self->state.handlers(self);
}

} // namespace troupe

#include "actors/cluster/locator_actor.hpp"

#include "actors/cluster/session_actor.hpp"
#include "engine/delivery/queue_groups.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe {

using cluster::member_id;

namespace {

std::string shard_name(const std::string& queue, group_id group) {
  return queue + '#' + std::to_string(static_cast<unsigned>(group));
}

} // namespace

locator_actor::behavior_type locator_state::handlers(
  locator_actor::stateful_pointer<locator_state> self,
  std::shared_ptr<frame_carrier> links,
  std::shared_ptr<session_register> sessions,
  directory_actor shards) {
  self_ = self;
  links_ = std::move(links);
  sessions_ = std::move(sessions);
  self->set_down_handler([this](const caf::down_msg& msg) { down(msg); });
  self->send(shards, directory::watch{});
  return {
    [this](const gates::attach& msg) { attach(msg); },
    [this](const gates::leads& msg) { leads(msg); },
    [this](const gates::find_here& msg) { find_here(msg); },
    [this](const gates::session_asked& msg) { session_asked(msg); },
    [this](const gates::link_changed& msg) { link_changed(msg); },
    [this](gates::member_gone msg) { member_gone(msg.who); },
    [this](const directory::queue_up& msg) { shard_up(msg); },
  };
}

// -- gateways

void locator_state::attach(const gates::attach& msg) {
  auto who = self_->current_sender();
  self_->monitor(who);
  sessions_->add_gateway(msg.queue, caf::actor_cast<caf::actor>(who));
  for (auto group : msg.groups) {
    gateways_[static_cast<std::size_t>(group)].insert(who);
    tell(who, group);
  }
}

void locator_state::leads(const gates::leads& msg) {
  auto& leader = leaders_[static_cast<std::size_t>(msg.group)];
  if (std::exchange(leader, msg.leader) == msg.leader) return;
  for (const auto& who : gateways_[static_cast<std::size_t>(msg.group)])
    tell(who, msg.group);
}

void locator_state::tell(const caf::strong_actor_ptr& who, group_id group) {
  self_->send(
    caf::actor_cast<gateway_actor>(who),
    gates::located{group, leaders_[static_cast<std::size_t>(group)]});
}

void locator_state::find_here(const gates::find_here& msg) {
  auto wanted = shard_name(msg.queue, msg.group);
  auto who = self_->current_sender();
  awaited_[wanted][who] = msg.group;
  if (auto found = shards_.find(wanted); found != shards_.end())
    shard_up({wanted, found->second});
}

// -- shards

void locator_state::shard_up(const directory::queue_up& msg) {
  if (shards_[msg.name] != msg.where) {
    shards_[msg.name] = msg.where;
    self_->monitor(caf::actor_cast<caf::actor>(msg.where));
  }
  auto waiting = awaited_.extract(msg.name);
  if (!waiting) return;
  for (const auto& [who, group] : waiting.mapped())
    self_->send(
      caf::actor_cast<gateway_actor>(who), gates::shard_here{group, msg.where});
}

queue_actor locator_state::shard(const std::string& wanted) const {
  auto found = shards_.find(wanted);
  if (found == shards_.end()) return {};
  return caf::actor_cast<queue_actor>(found->second);
}

void locator_state::down(const caf::down_msg& msg) {
  auto is_it = [&](const caf::strong_actor_ptr& x) {
    return caf::actor_cast<caf::actor_addr>(x) == msg.source;
  };
  auto is_first = [&](const auto& x) { return is_it(x.first); };
  auto queue = sessions_->remove_gateway(msg.source);
  // A queue that is deleted has gateways nowhere; one that failed has.
  if (queue && msg.reason == caf::exit_reason::user_shutdown)
    std::erase_if(
      untold_, [&](const auto& x) { return x.first.queue == *queue; });
  std::erase_if(shards_, [&](const auto& x) { return is_it(x.second); });
  for (auto& all : gateways_) std::erase_if(all, is_it);
  for (auto& [shard, all] : awaited_) std::erase_if(all, is_first);
  std::erase_if(awaited_, [](const auto& x) { return x.second.empty(); });
  for (auto& [member, all] : served_) std::erase_if(all, is_first);
}

// -- gateways on other members

void locator_state::session_asked(const gates::session_asked& msg) {
  auto read = gateway::decode_shard_frame(msg.bytes);
  if (!read) {
    spdlog::warn("cluster: {}", read.error().detail);
    return;
  }
  if (std::holds_alternative<gateway::close>(read->what)) return;
  auto by = caller{{msg.from, read->queue, read->group}, read->session};
  // It may not know yet that its session is over.
  if (!std::holds_alternative<gateway::open>(read->what))
    return answer(by, gateway::closed{});
  auto found = shard(shard_name(read->queue, read->group));
  if (found)
    begin(by, found);
  else
    answer(by, gateway::refused{"it is not up here"});
}

void locator_state::begin(const caller& by, const queue_actor& shard) {
  auto made = self_->spawn(
    run_session, session_of{by.key, by.session, shard}, links_, sessions_);
  auto who = caf::actor_cast<caf::actor>(made);
  self_->monitor(who);
  served_[by.key.from].emplace(
    caf::actor_cast<caf::strong_actor_ptr>(made), by);
  untold_.erase(by.key);
  auto before = sessions_->add_session(by.key, by.session, who);
  if (before)
    self_->send(caf::actor_cast<session_actor>(before), gates::ended{});
}

void locator_state::answer(
  const caller& by, decltype(gateway::reply_frame::what) what) {
  auto frame = gateway::reply_frame{};
  frame.queue = by.key.queue;
  frame.group = by.key.group;
  frame.session = by.session;
  frame.what = std::move(what);
  links_->send(by.key.from, message_kind::from_shard, encode(frame));
}

/// The way back may break alone: the gateways there have to learn of it.
void locator_state::end_sessions(member_id with) {
  auto all = served_.extract(with);
  if (!all) return;
  for (const auto& [who, by] : all.mapped()) {
    self_->send(caf::actor_cast<session_actor>(who), gates::ended{});
    untold_[by.key] = by.session;
  }
}

void locator_state::link_changed(const gates::link_changed& msg) {
  end_sessions(msg.to);
  if (msg.is_up)
    std::erase_if(untold_, [&](const auto& x) {
      if (x.first.from != msg.to) return false;
      answer({x.first, x.second}, gateway::closed{});
      return true;
    });
  auto told = gateway_set{};
  for (const auto& all : gateways_)
    for (const auto& who : all)
      if (told.insert(who).second)
        self_->send(caf::actor_cast<gateway_actor>(who), msg);
}

/// It has no gateways any more, and no consumers behind them.
void locator_state::member_gone(member_id who) {
  end_sessions(who);
  std::erase_if(untold_, [&](const auto& x) { return x.first.from == who; });
}

locator_actor::behavior_type run_locator(
  locator_actor::stateful_pointer<locator_state> self,
  std::shared_ptr<frame_carrier> links,
  std::shared_ptr<session_register> sessions,
  directory_actor shards) {
  return self->state.handlers(
    self, std::move(links), std::move(sessions), std::move(shards));
}

} // namespace troupe

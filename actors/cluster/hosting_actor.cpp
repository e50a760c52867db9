#include "actors/cluster/hosting_actor.hpp"

#include "actors/actor_clock.hpp"
#include "engine/delivery/queue_groups.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace troupe {

namespace {

// A shard that fails so often within a minute is left alone: what it stored is
// there for the next leader.
constexpr std::size_t most_failures = 5;
constexpr auto failures_within = std::chrono::minutes{1};
constexpr auto restart_pause = std::chrono::milliseconds{200};

// When to see whether a shard that does not answer has failed; the replica
// calls a drain off that takes much longer.
constexpr auto close_limit = std::chrono::seconds{5};

constexpr auto over = caf::exit_reason::user_shutdown;

bool lies_in(const queue_options& queue, group_id group) {
  auto all = groups_of(queue);
  return std::ranges::find(all, group) != all.end();
}

} // namespace

hosting_actor::behavior_type hosting_state::handlers(
  self_pointer self, hosting_places places, hosted_branches branches) {
  self_ = self;
  places_ = std::move(places);
  branches_ = std::move(branches);
  self->set_down_handler([this](const caf::down_msg& msg) { down(msg); });
  return {
    [this](const hosting::lead& msg) { lead(msg); },
    [this](hosting::drain msg) { drain(msg.group); },
    [this](hosting::resume msg) { resume(msg.group); },
    [this](hosting::lost msg) { lost(msg.group); },
    [this](hosting::recovered& msg) { recovered(msg); },
    [this](hosting::closed msg) { closed(msg); },
    [this](const hosting::queue_known& msg) { queue_known(msg); },
    [this](const hosting::queue_gone& msg) { queue_gone(msg); },
    [this](const hosting::start_again& msg) { start_again(msg); },
    [this](const hosting::sweep& msg) { sweep(msg); },
    [this](const hosting::orphans& msg) { orphans(msg); },
    [this](const edge::answered& msg) { answered(msg); },
    [this](const queue::stored& msg) { stored(msg); },
    [this](hosting::stop) { return stop(); },
  };
}

hosting_state::~hosting_state() {
  for (auto& x : groups_) {
    for (auto& [key, led] : x.shards)
      if (led.where) caf::anon_send_exit(led.where, over);
    for (const auto& who : x.branches) caf::anon_send_exit(who, over);
  }
}

// -- groups

void hosting_state::lead(const hosting::lead& msg) {
  lost(msg.group);
  auto& now = at(msg.group);
  now.epoch = msg.epoch;
  now.gate = msg.gate;
  if (branches_.on_lead) branches_.on_lead(msg.group, msg.epoch);
  auto asked = lookup::recover_shards{msg.group, msg.epoch, {}};
  for (const auto& [queue, x] : queues_)
    if (x.options.is_durable && lies_in(x.options, msg.group))
      asked.queues.push_back(x.options);
  self_->send(places_.lookup, std::move(asked));
}

void hosting_state::recovered(hosting::recovered& msg) {
  auto& now = at(msg.group);
  if (now.epoch != msg.epoch || now.is_recovered) return;
  now.is_recovered = true;
  auto machines = std::map<std::string, std::shared_ptr<queue_machine>>{};
  for (auto& x : msg.machines) machines[x->options().full_name()] = x;
  for (const auto& [queue, x] : queues_)
    if (lies_in(x.options, msg.group))
      start_shard(msg.group, x, std::move(machines[queue]));
  if (!now.is_draining) start_branches(msg.group);
  sweep_later(msg.group, std::move(msg.strangers));
}

void hosting_state::lost(group_id group) {
  auto& now = at(group);
  stop_branches(now);
  for (auto& [key, x] : now.shards) {
    if (!x.where) continue;
    group_of_.erase(x.where.address());
    self_->demonitor(x.where.address());
    caf::anon_send_exit(x.where, over);
  }
  // Branches may still be finishing; their end is of no interest any more.
  for (const auto& who : now.branches)
    group_of_.erase(caf::actor_cast<caf::actor_addr>(who));
  now = {};
  answer_stop();
}

void hosting_state::drain(group_id group) {
  auto& now = at(group);
  if (now.epoch == 0) return;
  now.is_draining = true;
  ++now.drains;
  stop_branches(now);
  close_shards_if_still(group);
}

/// Goes on where a group was not given away after all.
void hosting_state::resume(group_id group) {
  auto& now = at(group);
  if (now.epoch == 0 || !std::exchange(now.is_draining, false)) return;
  if (!now.is_recovered) return; // all is started then
  for (const auto& [key, x] : now.shards)
    if (auto known = queues_.find(x.queue); known != queues_.end())
      start_stages(group, known->second.options);
  start_branches(group);
}

/// Once no handler runs: has queues write down what they have.
void hosting_state::close_shards_if_still(group_id group) {
  auto& now = at(group);
  if (!now.is_draining || !now.branches.empty()) return;
  auto open = std::make_shared<std::size_t>(1);
  auto answer = hosting::closed{group, now.epoch, now.drains};
  auto one_less = [this, open, answer] {
    if (--*open == 0) self_->send(hosting_actor{self_}, answer);
  };
  for (auto& [key, x] : now.shards) {
    if (!x.where) continue;
    ++*open;
    auto asked = x.where.address();
    self_->request(x.where, caf::timespan{close_limit}, queue::close{})
      .then(
        [one_less](queue::closed) { one_less(); },
        [this, asked, one_less](const caf::error&) {
          // One that failed does not answer; what it had is not settled.
          if (!group_of_.contains(asked)) one_less();
        });
  }
  one_less();
}

void hosting_state::closed(const hosting::closed& msg) {
  auto& now = at(msg.group);
  auto is_current = now.epoch == msg.epoch && now.drains == msg.drain;
  if (!is_current || !now.is_draining) return;
  self_->send(places_.replicas, replicas::drained{msg.group});
  answer_stop();
}

// -- queues

void hosting_state::queue_known(const hosting::queue_known& msg) {
  auto queue = msg.options.full_name();
  auto is_new = !queues_.contains(queue);
  queues_[queue] = msg;
  if (!is_new) return;
  for (auto group : groups_of(msg.options)) {
    auto& now = at(group);
    if (now.epoch == 0 || !now.is_recovered) continue;
    // It may have been declared under another leader, and have messages.
    start_shard(group, msg, nullptr);
  }
}

void hosting_state::queue_gone(const hosting::queue_gone& msg) {
  auto known = queues_.extract(msg.queue);
  if (!known) return;
  const auto& options = known.mapped().options;
  for (auto group : groups_of(options)) {
    auto& now = at(group);
    auto found = now.shards.find(shard_name(options, group));
    auto is_there = found != now.shards.end();
    // It has ended already where it was told to erase what it has.
    if (is_there ? !found->second.where : !now.is_recovered)
      sweep_later(group, {options.id});
    if (!is_there) continue;
    if (found->second.where)
      caf::anon_send(found->second.where, queue::erase{});
    else
      now.shards.erase(found); // failed, and not to be started again
  }
}

void hosting_state::start_shard(
  group_id group,
  const hosting::queue_known& of,
  std::shared_ptr<queue_machine> recovered) {
  auto& now = at(group);
  auto start = queue_start{of.options, {of.auto_delete, of.expires}, recovered};
  start.shard = queue_shard{group, now.epoch, now.gate};
  auto& made = now.shards[shard_name(of.options, group)];
  made.queue = of.options.full_name();
  made.where = self_->spawn(run_queue, places_.queues, std::move(start));
  self_->monitor(made.where);
  group_of_[made.where.address()] = group;
  if (!now.is_draining && made.failures.empty())
    start_stages(group, of.options);
}

void hosting_state::start_again(const hosting::start_again& msg) {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    auto found = groups_[i].shards.find(msg.shard);
    if (found == groups_[i].shards.end() || found->second.where) continue;
    auto known = queues_.find(found->second.queue);
    if (known != queues_.end())
      start_shard(
        group_id{static_cast<std::uint8_t>(i)}, known->second, nullptr);
  }
}

// -- what handles them

void hosting_state::start_stages(group_id group, const queue_options& of) {
  for (auto& x : branches_.stages(of, group, at(group).gate))
    start_branch(group, std::move(x));
}

void hosting_state::start_branches(group_id group) {
  for (auto& x : branches_.sources(group)) start_branch(group, std::move(x));
}

void hosting_state::start_branch(group_id group, supervisor_options options) {
  if (is_stopping_) return;
  auto made = self_->spawn(run_supervisor, std::move(options));
  self_->monitor(made);
  group_of_[made.address()] = group;
  at(group).branches.insert(caf::actor_cast<caf::strong_actor_ptr>(made));
}

void hosting_state::stop_branches(led_group& x) {
  for (const auto& who : x.branches)
    self_->send(caf::actor_cast<supervisor_actor>(who), supervisor::stop{});
}

// -- what ends

void hosting_state::down(const caf::down_msg& msg) {
  auto known = group_of_.extract(msg.source);
  if (!known) return;
  auto group = known.mapped();
  auto& now = at(group);
  for (auto& [key, x] : now.shards)
    if (x.where && x.where.address() == msg.source) {
      shard_failed(group, x, msg.reason);
      return;
    }
  branch_ended(msg, group);
}

void hosting_state::branch_ended(const caf::down_msg& msg, group_id group) {
  std::erase_if(at(group).branches, [&](const caf::strong_actor_ptr& x) {
    return caf::actor_cast<caf::actor_addr>(x) == msg.source;
  });
  // One that was asked to stop ends with that.
  if (msg.reason && msg.reason != over && branches_.stop_node)
    branches_.stop_node("a stage or source failed too often");
  close_shards_if_still(group);
  answer_stop();
}

void hosting_state::shard_failed(
  group_id group, shard& which, const caf::error& why) {
  auto& now = at(group);
  auto failed =
    which.queue + '#' + std::to_string(static_cast<unsigned>(group));
  which.where = queue_actor{};
  if (!why || why == over) { // it was deleted
    now.shards.erase(failed);
    return;
  }
  auto at = actor_now(*self_);
  spdlog::error("{} failed: {}", failed, self_->system().render(why));
  which.failures.push_back(at);
  while (which.failures.front() + failures_within < at)
    which.failures.pop_front();
  if (which.failures.size() > most_failures)
    spdlog::error("{} is left alone until another member leads it", failed);
  else
    self_->delayed_send(
      hosting_actor{self_}, restart_pause, hosting::start_again{failed});
}

/// Stops like a drain of all groups; without giving them away.
caf::result<hosting::stopped> hosting_state::stop() {
  auto promise = self_->make_response_promise<hosting::stopped>();
  stopping_.push_back(promise);
  is_stopping_ = true;
  for (auto& x : groups_) stop_branches(x);
  answer_stop();
  return promise;
}

void hosting_state::answer_stop() {
  auto is_still = std::ranges::all_of(
    groups_, [](const auto& x) { return x.branches.empty(); });
  if (!is_still) return;
  for (auto& x : std::exchange(stopping_, {})) x.deliver(hosting::stopped{});
}

hosting_actor::behavior_type run_hosting(
  hosting_actor::stateful_pointer<hosting_state> self,
  hosting_places places,
  hosted_branches branches) {
  return self->state.handlers(self, std::move(places), std::move(branches));
}

} // namespace troupe

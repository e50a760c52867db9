#include "actors/cluster/declared_id.hpp"
#include "actors/cluster/replicas_actor.hpp"

#include <caf/send.hpp>

// The replicas actor as queues see it: a store whose commits are answered once
// enough members have them.

namespace troupe {

using namespace cluster;

namespace {

/// All of a commit is of one group: what a queue has in it, the topology, a
/// source's progress.
std::optional<group_id> group_of(const commit_request& what) {
  if (!what.appends.empty()) return what.appends.front().group;
  if (!what.changes.empty()) return what.changes.front().group;
  if (!what.erases.empty()) return what.erases.front().group;
  return std::nullopt;
}

/// What is not said by an entry already becomes one, so that every replica
/// does it.
std::vector<encoded_entry>
entries_of(const commit_request& what, std::uint64_t epoch) {
  auto all = std::vector<encoded_entry>{};
  for (const auto& x : what.appends) all.push_back(x.entry);
  if (!what.changes.empty()) {
    auto entry = settle_entry{};
    entry.queue = no_queue;
    for (const auto& x : what.changes) entry.changes.push_back(x.change);
    all.push_back(encode(log_entry{std::move(entry)}, epoch));
  }
  if (!what.erases.empty()) {
    auto entry = checkpoint_entry{};
    entry.queue = no_queue;
    for (const auto& x : what.erases) entry.erases.push_back(x.index);
    all.push_back(encode(log_entry{std::move(entry)}, epoch));
  }
  return all;
}

} // namespace

void replicas_state::commit(store::commit& msg) {
  auto who = self_->current_sender();
  auto group = group_of(msg.what);
  if (!group) { // of a queue in memory: nothing to store
    auto before = latest_.find(caf::actor_cast<caf::actor_addr>(who));
    if (before == latest_.end()) return answer(who, msg.partitions, 0);
    waiting_[before->second].behind.push_back(std::move(msg.partitions));
    return;
  }
  auto& host = hosted_[static_cast<std::size_t>(*group)];
  if (host.held.empty() && try_commit(who, msg)) return take(*group);
  host.held.push_back({std::move(who), std::move(msg)});
}

/// Returns false where it has to wait: for room, or until it is known whether
/// the group is given away. What comes of an earlier epoch is dropped: who sent
/// it is about to end.
bool replicas_state::try_commit(
  const caf::strong_actor_ptr& who, store::commit& msg) {
  auto group = *group_of(msg.what);
  auto& to = at(group);
  auto ticket = last_ticket_ + 1;
  auto refused =
    to.append(entries_of(msg.what, to.epoch()), ticket, local_now());
  if (refused == refusal::not_leader) return true;
  if (refused != refusal::none) return false;
  last_ticket_ = ticket;
  auto& made = waiting_[ticket];
  made.who = who;
  made.partitions = std::move(msg.partitions);
  made.has_entries = !msg.what.appends.empty();
  made.group = group;
  if (who) latest_[caf::actor_cast<caf::actor_addr>(who)] = ticket;
  return true;
}

void replicas_state::commit_held(group_id group) {
  auto& held = hosted_[static_cast<std::size_t>(group)].held;
  auto before = held.size();
  while (!held.empty() && try_commit(held.front().who, held.front().what))
    held.pop_front();
  if (held.size() != before) take(group);
}

void replicas_state::end(const ticket_end& what) {
  auto known = waiting_.extract(what.ticket);
  if (!known) return;
  auto& x = known.mapped();
  auto& host = hosted_[static_cast<std::size_t>(x.group)];
  if (x.lead != 0) {
    if (what.is_committed && host.told == x.lead)
      self_->send(hosting_, hosting::lead{x.group, x.lead, host.gate});
    return;
  }
  auto latest = latest_.find(caf::actor_cast<caf::actor_addr>(x.who));
  if (latest != latest_.end() && latest->second == what.ticket)
    latest_.erase(latest);
  if (!what.is_committed) return; // who sent it is about to end
  answer(x.who, x.partitions, x.has_entries ? what.first : 0);
  for (const auto& partitions : x.behind) answer(x.who, partitions, 0);
}

void replicas_state::answer(
  const caf::strong_actor_ptr& who,
  const std::vector<std::uint16_t>& partitions,
  log_index first) {
  if (!who) return;
  auto made = queue::stored{};
  for (auto partition : partitions)
    made.what.emplace_back(partition, first > 0 ? first++ : 0);
  // Topology and sources take this answer as a queue does.
  self_->send(caf::actor_cast<queue_actor>(who), std::move(made));
}

store::defined replicas_state::define(const store::define& msg) {
  auto made = queue_record{};
  made.name = msg.queue;
  made.partitions = msg.partitions;
  made.id = declared_id(random_());
  return {std::move(made), {}};
}

} // namespace troupe

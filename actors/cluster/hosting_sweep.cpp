#include "actors/cluster/declared_id.hpp"
#include "actors/cluster/hosting_actor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <set>

// Entries in a group's log of queues that clients have deleted, while nobody
// led the group: whoever leads it erases them.

namespace troupe {

namespace {

/// This member may not have heard yet of what was declared an instant ago.
constexpr auto sweep_pause = std::chrono::seconds{30};

} // namespace

void hosting_state::sweep_later(
  group_id group, std::vector<queue_id> strangers) {
  auto& now = at(group);
  if (now.epoch == 0) return;
  std::ranges::copy_if(
    strangers, std::back_inserter(now.strangers), is_declared);
  if (now.strangers.empty() || std::exchange(now.is_sweep_due, true)) return;
  self_->delayed_send(
    hosting_actor{self_}, sweep_pause, hosting::sweep{group, now.epoch});
}

/// Asks for each queue that is still not known here whether it is gone. Only
/// the topology's leader can tell.
void hosting_state::sweep(const hosting::sweep& msg) {
  auto& now = at(msg.group);
  if (now.epoch != msg.epoch) return;
  now.is_sweep_due = false;
  auto known = std::set<queue_id>{};
  for (const auto& [queue, x] : queues_) known.insert(x.options.id);
  for (auto id : std::exchange(now.strangers, {}))
    if (!known.contains(id)) questions_.push_back({msg.group, msg.epoch, id});
  ask_next();
}

void hosting_state::ask_next() {
  if (is_asking_) return;
  std::erase_if(
    questions_, [&](const auto& x) { return at(x.group).epoch != x.epoch; });
  if (questions_.empty()) return;
  is_asking_ = true;
  asked_ = questions_.front();
  questions_.pop_front();
  self_->send(
    places_.queues.topology, topology_messages::ask_gone{asked_.which});
}

void hosting_state::answered(const edge::answered& msg) {
  if (!std::exchange(is_asking_, false)) return;
  auto& now = at(asked_.group);
  const auto* done = std::get_if<amqp::done>(&msg.what);
  auto is_current = now.epoch == asked_.epoch;
  if (is_current && done && done->messages > 0)
    now.gone.push_back(asked_.which);
  auto is_same = [this](const question& x) { return x.group == asked_.group; };
  if (is_current && std::ranges::none_of(questions_, is_same))
    find_orphans(asked_.group);
  ask_next();
}

void hosting_state::find_orphans(group_id group) {
  auto& now = at(group);
  if (now.gone.empty()) return;
  auto asked = lookup::find_orphans{group, now.epoch, now.gone};
  self_->send(places_.lookup, std::move(asked));
}

/// Erases on all replicas what was found, and looks for more once that is
/// done.
void hosting_state::orphans(const hosting::orphans& msg) {
  auto& now = at(msg.group);
  if (now.epoch != msg.epoch) return;
  if (msg.is_all) now.gone.clear();
  if (msg.entries.empty()) return;
  spdlog::info(
    "group {}: erases {} entries of queues that were deleted",
    static_cast<unsigned>(msg.group), msg.entries.size());
  auto made = store::commit{};
  for (auto index : msg.entries) made.what.erases.push_back({msg.group, index});
  made.partitions.push_back(static_cast<std::uint16_t>(msg.group));
  self_->send(places_.queues.store, std::move(made));
}

void hosting_state::stored(const queue::stored& msg) {
  for (auto [group, index] : msg.what)
    find_orphans(group_id{static_cast<std::uint8_t>(group)});
}

} // namespace troupe

#include "actors/recovery.hpp"

#include "engine/delivery/positions.hpp"
#include "engine/delivery/queue_groups.hpp"
#include "engine/replication/index_runs.hpp"

#include <map>
#include <set>

namespace troupe {

namespace {

constexpr std::size_t most_strangers = 16384;

/// Says which partition of its queue an entry belongs to; several can share a
/// group.
std::uint16_t partition_of_entry(const log_entry& entry) {
  struct place {
    position operator()(const publish_entry& x) const { return x.first; }
    position operator()(const settle_entry& x) const {
      if (!x.settled.empty()) return x.settled.front().first;
      return x.retries.empty() ? 0 : x.retries.front().at;
    }
    position operator()(const checkpoint_entry& x) const { return x.next; }
  };
  return partition_of(std::visit(place{}, entry));
}

std::set<group_id> all_groups_of(const std::vector<queue_options>& queues) {
  auto all = std::set<group_id>{};
  for (const auto& x : queues)
    for (auto group : groups_of(x)) all.insert(group);
  return all;
}

std::set<group_id> every_group() {
  auto all = std::set<group_id>{};
  for (std::uint8_t i = 0; i < groups; ++i) all.insert(group_id{i});
  return all;
}

using machines = std::vector<std::shared_ptr<queue_machine>>;

machines made_of(const std::vector<queue_options>& queues) {
  auto all = machines{};
  for (const auto& x : queues)
    all.push_back(std::make_shared<queue_machine>(x));
  return all;
}

using by_id = std::map<queue_id, queue_machine*>;

by_id indexed(const machines& all) {
  auto made = by_id{};
  for (const auto& x : all) made[x->options().id] = x.get();
  return made;
}

queue_id queue_of(const log_entry& entry) {
  return std::visit([](const auto& x) { return x.queue; }, entry);
}

/// Gives an entry to the machine it belongs to. False where there is none.
bool restore(const by_id& to, log_index index, log_entry& entry) {
  auto found = to.find(queue_of(entry));
  if (found == to.end()) return false;
  auto partition = partition_of_entry(entry);
  found->second->restore(partition, index, std::move(entry));
  return true;
}

} // namespace

result<machines> recover_queues(
  const log_store& store,
  const std::vector<queue_options>& queues,
  std::vector<log_place>* orphans) {
  auto all = made_of(queues);
  auto known = indexed(all);
  for (auto group : orphans ? every_group() : all_groups_of(queues)) {
    auto done =
      store.scan(group, [&](log_index index, log_entry&& entry) -> result<> {
        if (!restore(known, index, entry) && orphans)
          orphans->push_back({group, index});
        return {};
      });
    if (!done) return done.error();
  }
  for (const auto& x : all) x->restored();
  return all;
}

result<machines> recover_shards(
  const log_store& store,
  const std::vector<queue_options>& queues,
  group_id group,
  std::vector<queue_id>* strangers) {
  auto mark = store.applied(group);
  if (!mark) return mark.error();
  auto erased = index_runs{mark->to_erase};
  auto all = made_of(queues);
  auto known = indexed(all);
  auto others = std::set<queue_id>{};
  auto done =
    store.scan(group, [&](log_index index, log_entry&& entry) -> result<> {
      if (erased.has(index) || restore(known, index, entry)) return {};
      if (others.size() < most_strangers) others.insert(queue_of(entry));
      return {};
    });
  if (!done) return done.error();
  for (const auto& x : all) x->restored();
  if (strangers) strangers->assign(others.begin(), others.end());
  return all;
}

result<found_entries> find_entries(
  const log_store& store,
  const std::vector<queue_id>& queues,
  group_id group,
  std::size_t most) {
  auto mark = store.applied(group);
  if (!mark) return mark.error();
  auto erased = index_runs{mark->to_erase};
  auto wanted = std::set<queue_id>{queues.begin(), queues.end()};
  auto made = found_entries{};
  auto done =
    store.scan(group, [&](log_index index, log_entry&& entry) -> result<> {
      // Behind the mark another entry may take its place yet.
      if (index > mark->index || erased.has(index)) return {};
      if (!wanted.contains(queue_of(entry))) return {};
      made.is_all = made.indexes.size() < most;
      if (made.is_all) made.indexes.push_back(index);
      return {};
    });
  if (!done) return done.error();
  return made;
}

} // namespace troupe

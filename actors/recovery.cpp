#include "actors/recovery.hpp"

#include "engine/delivery/positions.hpp"
#include "engine/ring/slot_map.hpp"

#include <map>
#include <set>

namespace troupe {

namespace {

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

std::set<group_id> groups_of(const std::vector<queue_options>& queues) {
  auto all = std::set<group_id>{};
  for (const auto& x : queues)
    for (std::uint16_t p = 0; p < x.partitions; ++p)
      all.insert(group_of(x.full_name(), p));
  return all;
}

std::set<group_id> every_group() {
  auto all = std::set<group_id>{};
  for (std::uint8_t i = 0; i < groups; ++i) all.insert(group_id{i});
  return all;
}

} // namespace

result<std::vector<std::shared_ptr<queue_machine>>> recover_queues(
  const log_store& store,
  const std::vector<queue_options>& queues,
  std::vector<log_place>* orphans) {
  auto machines = std::vector<std::shared_ptr<queue_machine>>{};
  auto by_id = std::map<queue_id, queue_machine*>{};
  for (const auto& x : queues) {
    machines.push_back(std::make_shared<queue_machine>(x));
    by_id[x.id] = machines.back().get();
  }
  for (auto group : orphans ? every_group() : groups_of(queues)) {
    auto done =
      store.scan(group, [&](log_index index, log_entry&& entry) -> result<> {
        auto of = std::visit([](const auto& x) { return x.queue; }, entry);
        auto found = by_id.find(of);
        if (found != by_id.end())
          found->second->restore(
            partition_of_entry(entry), index, std::move(entry));
        else if (orphans)
          orphans->push_back({group, index});
        return {};
      });
    if (!done) return done.error();
  }
  for (const auto& x : machines) x->restored();
  return machines;
}

} // namespace troupe

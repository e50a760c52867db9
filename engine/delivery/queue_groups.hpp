#pragma once

#include "engine/base/id_text.hpp"
#include "engine/delivery/queue_options.hpp"
#include "engine/ring/slot_map.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace troupe {

/// Returns the group whose log holds a partition of this queue.
inline group_id group_of(const queue_options& queue, std::uint16_t partition) {
  auto first = queue.is_in_one_group;
  return group_of(queue.full_name(), first ? std::uint16_t{0} : partition);
}

/// Returns the groups of all partitions, each once, in the order of the
/// partitions.
inline std::vector<group_id> groups_of(const queue_options& queue) {
  auto all = std::vector<group_id>{};
  for (std::uint16_t i = 0; i < queue.partitions; ++i)
    if (auto x = group_of(queue, i); std::ranges::find(all, x) == all.end())
      all.push_back(x);
  return all;
}

/// Names what a queue has in one group among all that members hold.
inline std::string shard_name(const queue_options& queue, group_id group) {
  return queue.full_name() + '#' + id_text(group);
}

} // namespace troupe

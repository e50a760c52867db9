#pragma once

#include "engine/base/result.hpp"
#include "engine/delivery/queue_machine.hpp"
#include "engine/store/log_store.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace troupe {

/// Builds the machines of durable queues from what is stored, in the order of
/// `queues`, with one look at each group's log. Fails where the store cannot be
/// read. `orphans`, where given, gets the entries that belong to none of them.
result<std::vector<std::shared_ptr<queue_machine>>> recover_queues(
  const log_store& store,
  const std::vector<queue_options>& queues,
  std::vector<log_place>* orphans = nullptr);

/// Does the same for what queues have in one group alone, of which this member
/// has a replica: without what is erased and not yet gone. `strangers`, where
/// given, gets other queues with entries in it, rising, at most 16,384.
result<std::vector<std::shared_ptr<queue_machine>>> recover_shards(
  const log_store& store,
  const std::vector<queue_options>& queues,
  group_id group,
  std::vector<queue_id>* strangers = nullptr);

/// Committed entries of some queues, rising.
struct found_entries {
  std::vector<log_index> indexes;
  bool is_all = true; // else there are more
};

/// Looks for what queues have in a group of which this member has a replica,
/// without what is erased and not yet gone.
result<found_entries> find_entries(
  const log_store& store,
  const std::vector<queue_id>& queues,
  group_id group,
  std::size_t most);

} // namespace troupe

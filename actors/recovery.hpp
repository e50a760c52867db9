#pragma once

#include "engine/base/result.hpp"
#include "engine/delivery/queue_machine.hpp"
#include "engine/store/log_store.hpp"

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
/// has a replica: without what is erased and not yet gone.
result<std::vector<std::shared_ptr<queue_machine>>> recover_shards(
  const log_store& store,
  const std::vector<queue_options>& queues,
  group_id group);

} // namespace troupe

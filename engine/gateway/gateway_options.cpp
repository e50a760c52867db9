#include "engine/gateway/gateway_options.hpp"

#include "engine/delivery/queue_groups.hpp"

#include <algorithm>
#include <utility>

namespace troupe::gateway {

gateway_options
make_options(const queue_options& queue, std::string publisher) {
  auto made = gateway_options{};
  made.name = queue.name;
  made.vhost = queue.vhost;
  made.shards = groups_of(queue);
  for (std::uint16_t i = 0; i < queue.partitions; ++i) {
    auto at = std::ranges::find(made.shards, group_of(queue, i));
    made.shard_of.push_back(static_cast<std::size_t>(at - made.shards.begin()));
  }
  made.publisher = std::move(publisher);
  made.may_refuse = queue.overflow == overflow::reject_publish
                    || queue.overflow == overflow::reject_publish_dead_letter;
  return made;
}

} // namespace troupe::gateway

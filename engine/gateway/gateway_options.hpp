#pragma once

#include "engine/base/ids.hpp"
#include "engine/delivery/queue_options.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::gateway {

struct gateway_options {
  std::string name; // of the queue, for texts
  std::string vhost;
  std::vector<group_id> shards;      // the groups it lies in, each once
  std::vector<std::size_t> shard_of; // of each partition: a place in `shards`
  /// Numbers what comes from clients that do not; never the same for two
  /// gateways, nor for two runs of one.
  std::string publisher;
  /// The queue refuses messages beyond its limits. What it said of those that
  /// were under way when a shard went down nobody knows, so that clients are
  /// told that they are refused: they may be in the queue nevertheless.
  bool may_refuse = false;
};

gateway_options make_options(const queue_options& queue, std::string publisher);

} // namespace troupe::gateway

#pragma once

#include "engine/gateway/shard_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <variant>

// What a queue's gateway wants done. The order counts, over all kinds.

namespace troupe::gateway {

/// Names a local actor that uses the queue: the shell gives it, never twice.
using client_number = std::uint64_t;

/// Names an answer that the shell has promised; never given twice.
using request_number = std::uint64_t;

/// Send to a shard, over the session it came up with.
struct to_shard {
  std::size_t shard = 0; // its place in `gateway_options::shards`
  std::uint64_t session = 0;
  shard_request what;
};

/// Tell a client, with its own numbers of consumers and tickets.
struct to_client {
  client_number client = 0;
  std::variant<confirmed, deliver, answered, consumer_gone> what;
};

/// Keep a promise: `number` is the request's.
struct to_request {
  std::variant<purged, erased, described> what;
};

using gateway_action = std::variant<to_shard, to_client, to_request>;

} // namespace troupe::gateway

#pragma once

#include "engine/message/batch.hpp"
#include "engine/routing/condition.hpp"
#include "engine/routing/key_expression.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

/// A queue as routing sees it.
struct queue_route {
  std::uint16_t partitions = 1;
  std::optional<key_expression> key; // none: no order, one partition
};

/// Sends a message to the output of each condition that holds.
struct match_rule {
  struct route {
    std::string output;
    condition when;
  };
  std::vector<route> routes;
  std::string unmatched; // an output; empty: dropped, and counted
};

/// Where the messages of one output go: a queue, or a rule by name.
struct route_target {
  enum class kind : std::uint8_t { queue, rule } what{};
  std::string name;
  bool operator==(const route_target&) const = default;
};

/// Messages bound for one partition of a queue, in the order they came.
struct routed {
  std::string queue;
  std::uint16_t partition = 0;
  std::vector<std::uint64_t> sequences; // as given, of these messages
  batch_ptr messages;
};

/// Says which messages of an output go to which queues. Built once from a
/// configuration and shared; holds no state.
class route_table {
public:
  /// Whether what leads nowhere here is to wait: a node that runs without its
  /// pipeline does not know all outputs, and may drop none.
  bool keeps_unrouted = false;

  std::map<std::string, queue_route> queues;
  std::map<std::string, match_rule> rules;
  std::map<std::string, std::vector<route_target>> outputs;

  struct answer {
    std::vector<routed> to;
    std::uint64_t dropped = 0; // messages no rule wanted
  };

  /// Routes the messages that came out of `output`. `queue:NAME` is an output
  /// of its own that leads to that queue. `sequences` has one number a message,
  /// or none.
  answer route(
    const std::string& output,
    const std::vector<std::uint64_t>& sequences,
    const batch_ptr& messages) const;
};

} // namespace troupe

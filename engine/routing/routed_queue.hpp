#pragma once

#include "engine/base/ids.hpp"
#include "engine/routing/declarations.hpp"
#include "engine/routing/key_expression.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

/// A queue as routing sees it. Never changed, but replaced as a whole; who
/// needs it longer than a snapshot keeps `shared_from_this()`.
struct routed_queue : std::enable_shared_from_this<routed_queue> {
  queue_id id{};
  std::string vhost;
  std::string name;
  std::uint16_t partitions = 1;
  bool by_priority = false;                // partitions are priorities
  std::optional<key_expression> order_key; // says the partition otherwise
  bool is_durable = false;
  std::uint64_t owner = 0; // the connection it is exclusive to; 0: none
  std::shared_ptr<const queue_declaration> declared; // shared by replacements
  /// Where the queue is: means something only to whoever declared it.
  std::shared_ptr<const void> place;
};

using routed_queue_ptr = std::shared_ptr<const routed_queue>;

} // namespace troupe

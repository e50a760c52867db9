#pragma once

#include "engine/base/ids.hpp"
#include "engine/routing/declarations.hpp"
#include "engine/routing/key_expression.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace troupe {

/// What whoever declares a queue knows of it beyond the declaration.
struct new_queue {
  queue_id id{}; // never used before
  std::uint16_t partitions = 1;
  bool by_priority = false;
  std::optional<key_expression> order_key;
  std::shared_ptr<const void> place; // see `routed_queue`; may come later
};

/// A queue as it is restored.
struct stored_queue {
  queue_declaration declared;
  new_queue made;          // without a place
  std::uint64_t owner = 0; // the connection it is exclusive to; 0: none
};

} // namespace troupe

#pragma once

#include "engine/store/log_store.hpp"

#include <atomic>
#include <string_view>

namespace troupe {

/// Sets `is_full` while the disk of a store is nearly full. As that changes the
/// log says so, and `what_follows` where it is.
void look_at_room(
  const log_store& store,
  std::atomic<bool>& is_full,
  std::string_view what_follows);

} // namespace troupe

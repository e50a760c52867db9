#include "actors/disk_room.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

void look_at_room(
  const log_store& store,
  std::atomic<bool>& is_full,
  std::string_view what_follows) {
  auto is_low = store.is_low_on_space();
  if (is_full.exchange(is_low) == is_low) return;
  if (is_low)
    spdlog::error("the disk is nearly full: {}", what_follows);
  else
    spdlog::info("the disk has room again");
}

} // namespace troupe

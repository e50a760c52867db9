#pragma once

#include "engine/delivery/log_entry.hpp"
#include "engine/delivery/positions.hpp"

#include <vector>

namespace troupe {

/// Appends a run; one that follows the last becomes part of it.
inline void append_run(std::vector<position_run>& to, const position_run& run) {
  auto is_next = !to.empty() && to.back().first + to.back().count == run.first
                 && partition_of(to.back().first) == partition_of(run.first);
  if (is_next)
    to.back().count += run.count;
  else
    to.push_back(run);
}

} // namespace troupe

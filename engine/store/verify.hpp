#pragma once

#include "engine/base/result.hpp"
#include "engine/store/store_options.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace troupe {

struct verify_report {
  std::uint64_t entries = 0; // of all logs, sound or not
  std::uint64_t values = 0;  // of state, queues and the rest
  std::uint64_t bytes = 0;   // read and checked
  /// One line for each thing broken, with its place; at most 1,000.
  std::vector<std::string> broken;
};

/// Reads all that is stored and checks it against its checksums. Changes
/// nothing. Fails as `log_store::open` does, `in_use` while a node runs and
/// `not_found` where there is no store. `progress` is told bytes; the total is
/// an estimate that `done` never passes.
result<verify_report> verify(
  const store_options& options,
  const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

} // namespace troupe

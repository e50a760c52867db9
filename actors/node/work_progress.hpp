#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// What is left to do, for those who wait until all is done.
struct work_progress {
  std::uint64_t to_handle = 0; // messages in queues that are consumed
  std::uint64_t in_flight = 0; // entries and emissions on their way
  std::uint64_t handled = 0;   // messages settled since the start
  /// Counts what was done, by queue. What two looks in a row find done, with
  /// the same counts, is done.
  std::vector<std::uint64_t> counts;
  bool sources_ended = false;
  bool is_over = false;  // the cluster agreed that it is done, or failed
  std::string failure;   // of a source that ended early, or a paused stage
  std::string waits_for; // who does not tell how far it is; empty: nobody
  bool is_done() const {
    return sources_ended && to_handle == 0 && in_flight == 0;
  }
};

} // namespace troupe

#pragma once

#include <cstdint>
#include <filesystem>

namespace troupe {

struct store_options {
  std::filesystem::path folder;
  /// What is kept in memory of each of at most two runs of the newest writes.
  std::uint64_t write_buffer_bytes = 16 * 1024 * 1024;
  std::uint64_t cache_bytes = 32 * 1024 * 1024; // of what was read
  /// Below the larger of these the store says that space is low: bytes, and
  /// a share (0 to 1) of the whole disk.
  std::uint64_t min_free_bytes = std::uint64_t{2} * 1024 * 1024 * 1024;
  double min_free_share = 0.05;
  /// Looks without changing anything; nothing can be committed.
  bool read_only = false;
};

} // namespace troupe

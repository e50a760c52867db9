#pragma once

#include "engine/store/store_options.hpp"

#include <atomic>

namespace troupe {

/// Watches how much of the disk is free. Asks the system again only after some
/// megabytes were written, or while space is low. Any thread may ask.
class free_space {
public:
  explicit free_space(const store_options& options);

  void on_written(std::uint64_t bytes) const { unseen_bytes_ += bytes; }
  bool is_low() const;

private:
  bool look() const;

  std::filesystem::path folder_;
  std::uint64_t min_bytes_;
  double min_share_;
  mutable std::atomic<std::uint64_t> unseen_bytes_;
  mutable std::atomic<bool> is_low_ = false;
};

} // namespace troupe

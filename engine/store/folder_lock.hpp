#pragma once

#include "engine/base/result.hpp"

#include <filesystem>

namespace troupe {

/// Holds a folder for this process, through a lock on a file in it that the
/// system lets go when the process ends, however it ends.
class folder_lock {
public:
  /// Takes the lock, or fails with `in_use`, or `cannot_create` where the
  /// file cannot be made. The folder must exist.
  static result<folder_lock> take(const std::filesystem::path& folder);

  /// Holds nothing.
  folder_lock() = default;
  folder_lock(folder_lock&& other) noexcept;
  folder_lock& operator=(folder_lock&& other) noexcept;
  ~folder_lock();

private:
  explicit folder_lock(int file) : file_{file} {}

  int file_ = -1; // -1: none
};

} // namespace troupe

#pragma once

#include <cstddef>
#include <filesystem>

namespace troupe::bench {

// What the machine can do at all, each in one short run.

/// Bytes a second that memcpy moves, from beyond the caches.
double copied_bytes();

/// Bytes a second that XXH3 hashes, 16 at a time: the size of a key.
double hashed_bytes();

/// Writes of `bytes` at the end of a file in `folder`, each with its own
/// fdatasync, a second. Throws `std::runtime_error` where it cannot.
double synced_writes(const std::filesystem::path& folder, std::size_t bytes);

/// Messages a second that one actor takes from another, `per_batch` in each
/// batch of 100-byte messages, scheduled as the node does.
double hopped_messages(std::size_t per_batch);

/// A folder that is removed with this object. It lies in TROUPE_BENCH_DIR
/// where that is set, else in the working directory: temporary folders are
/// often in memory, where an fsync costs nothing.
class bench_folder {
public:
  bench_folder();
  ~bench_folder();
  bench_folder(const bench_folder&) = delete;
  bench_folder& operator=(const bench_folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace troupe::bench

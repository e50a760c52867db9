#pragma once

#include "engine/store/database.hpp"
#include "engine/store/free_space.hpp"
#include "engine/store/group_reader.hpp"
#include "engine/store/log_store.hpp"

#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>

namespace troupe {

/// Returns how far a group's checkpoint is kept aside.
result<std::optional<kept_checkpoint>>
kept_in(const database& in, group_id group);

/// Removes what is kept aside.
rocksdb::Status
put_piece_drop(rocksdb::WriteBatch& to, const database& in, group_id group);

/// What a store is made of, apart from its header for RocksDB's sake.
struct log_store::parts {
  explicit parts(const store_options& from) : options{from}, space{from} {}

  std::atomic<log_index>& last(group_id group) {
    return last_index[static_cast<std::uint8_t>(group)];
  }

  std::atomic<log_index>& first(group_id group) {
    return first_index[static_cast<std::uint8_t>(group)];
  }

  /// Notes that nothing is stored below `index`.
  void raise_first(group_id group, log_index index);

  /// Counts damage on its way to the caller.
  error counted(error e);

  /// Refuses what must not be written.
  result<void> check(const commit_request& request);

  /// Writes and counts. A failure is always `storage_failed`.
  result<void> write(rocksdb::WriteBatch& batch, bool is_to_sync);

  // installing checkpoints (log_install.cpp)

  /// Adds a piece that is to be kept aside to a batch.
  result<void> keep_piece(rocksdb::WriteBatch& to, std::string_view piece);

  /// Does the next bounded part. True once nothing is left.
  result<bool> install_next(group_id group);
  result<void> install(const std::vector<install_step>& steps);

  /// Finishes what a process began before it ended.
  result<void> finish_installs();

  result<bool> erase_some(group_id group, kept_checkpoint kept);
  result<bool> put_next(group_id group, kept_checkpoint kept);
  result<bool> close_install(group_id group, const kept_checkpoint& kept);
  result<bool> note_and_write(
    rocksdb::WriteBatch& batch, group_id group, const kept_checkpoint& kept);

  /// Makes earlier writes last that did not ask for it.
  result<void> sync_earlier(bool is_wanted);

  store_options options;
  std::unique_ptr<database> db;
  free_space space;
  std::array<std::atomic<log_index>, 256> last_index{};
  /// Where each group's scans start: not above its first entry. Keeps them off
  /// the tombstones in front of it.
  std::array<std::atomic<log_index>, 256> first_index{};
  std::uint64_t drawn = 0; // at random, when it was opened
  bool is_synced = true;   // the owner's: nothing waits for an fsync

  std::atomic<std::uint64_t> commits = 0;
  std::atomic<std::uint64_t> fsyncs = 0;
  std::atomic<std::uint64_t> appended = 0;
  std::atomic<std::uint64_t> erased = 0;
  std::atomic<std::uint64_t> bytes_written = 0;
  std::atomic<std::uint64_t> checksum_errors = 0;
};

} // namespace troupe

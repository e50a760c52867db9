#pragma once

#include "engine/store/folder_lock.hpp"
#include "engine/store/store_options.hpp"

#include <rocksdb/db.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The one RocksDB database of a store, with its folder locked.
struct database {
  database() = default;
  database(const database&) = delete;
  database& operator=(const database&) = delete;
  ~database();

  /// Opens what is there, or makes it unless `read_only`. Fails with
  /// `in_use`, `not_found` (read-only alone), `newer_format`, `corrupt`,
  /// `cannot_create` or `storage_failed`. An existing store is not changed
  /// unless it is of a format this release knows.
  static result<std::unique_ptr<database>> open(const store_options& options);

  folder_lock lock;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families; // all that were opened
  rocksdb::ColumnFamilyHandle* log = nullptr;
  rocksdb::ColumnFamilyHandle* state = nullptr;
  rocksdb::ColumnFamilyHandle* topology = nullptr;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
  /// Null where an older store is opened to be read only.
  rocksdb::ColumnFamilyHandle* pieces = nullptr;
};

/// Returns the value under a key, now or in a snapshot, nothing where there is
/// none.
result<std::optional<std::string>> value_of(
  const database& in,
  rocksdb::ColumnFamilyHandle* family,
  const rocksdb::Slice& key,
  const rocksdb::Snapshot* as_of = nullptr);

/// Says what went wrong with a disk or a database, and what to do. `what` is
/// the sentence's beginning: "cannot read group 3".
error to_error(const rocksdb::Status& status, std::string what);

inline rocksdb::Slice to_slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

} // namespace troupe

#pragma once

#include "engine/store/database.hpp"
#include "engine/store/group_view.hpp"

#include <atomic>
#include <optional>
#include <vector>

namespace troupe {

/// What a view is made of, apart from its header for RocksDB's sake.
struct group_view::parts {
  /// Where a piece begins.
  struct place {
    rocksdb::ColumnFamilyHandle* family = nullptr; // the log, then the state
    std::string key;
  };

  explicit parts(const database& store)
    : in{store}, snapshot{store.db->GetSnapshot()} {}
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;
  ~parts() { in.db->ReleaseSnapshot(snapshot); }

  rocksdb::ReadOptions reading() const;
  result<std::string> cut(std::uint64_t number);
  result<std::optional<place>> add_from(const place& from, piece_writer& to);
  result<std::optional<place>>
  add_all(rocksdb::Iterator& from, bool is_log, piece_writer& to);
  piece_item item_of(const rocksdb::Iterator& at, bool is_log) const;

  const database& in;
  const rocksdb::Snapshot* snapshot;
  checkpoint_id id;
  std::size_t piece_bytes = 0;
  std::string applied; // as stored
  std::vector<place> begins;
  std::optional<std::uint64_t> last; // once it was reached
  std::atomic<std::uint64_t>* checksum_errors = nullptr;
};

} // namespace troupe

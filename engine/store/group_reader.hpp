#pragma once

#include "engine/store/database.hpp"
#include "engine/store/store_keys.hpp"

#include <array>

namespace troupe {

/// Walks one group's entries in the order of their indexes, as they were when
/// it was made.
class group_reader {
public:
  /// Starts at the first entry from `from` on.
  group_reader(const database& in, group_id group, log_index from);

  void seek(log_index from);
  void next() { entries_->Next(); }

  bool is_at_entry() const { return entries_->Valid(); }
  /// Nothing where a key is damaged. Both ask for `is_at_entry()`.
  std::optional<log_place> place() const;
  std::string value() const { return entries_->value().ToString(); }

  /// Tells an end from a failure once `is_at_entry()` is false.
  rocksdb::Status status() const { return entries_->status(); }

private:
  group_id group_;
  std::string end_key_;
  rocksdb::Slice end_;
  std::unique_ptr<rocksdb::Iterator> entries_;
};

/// Returns the first index from `from` to `last` whose entry cannot be read,
/// so that damage has a name although a walk over it cannot tell.
std::optional<log_index>
first_unreadable(const database& in, log_place from, log_index last);

using last_indexes = std::array<log_index, 256>;

/// Returns the last index given in each group.
result<last_indexes> stored_last_indexes(const database& in);

} // namespace troupe

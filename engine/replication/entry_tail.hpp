#pragma once

#include "engine/store/entry_codec.hpp"

#include <cstddef>
#include <deque>

namespace troupe {

/// The newest entries of a group's log, so that what is sent to others or is
/// to take effect need not be read again.
class entry_tail {
public:
  /// Keeps entries of about so many bytes beyond those that must stay.
  explicit entry_tail(std::size_t most_bytes) : most_bytes_{most_bytes} {}

  /// Starts over: the next entry is behind `last`.
  void reset(log_index last);

  void add(encoded_entry entry);
  void truncate(log_index first);

  /// Entries up to here may be dropped.
  void release(log_index up_to);

  /// Null where it is not kept. Good until the next change.
  const encoded_entry* find(log_index index) const;

  /// The first index kept; one behind the last where nothing is.
  log_index first() const { return first_; }
  log_index end() const { return first_ + entries_.size(); }
  std::size_t bytes() const { return bytes_; }

private:
  void shrink();

  std::deque<encoded_entry> entries_;
  log_index first_ = 1;
  log_index released_ = 0;
  std::size_t bytes_ = 0;
  std::size_t most_bytes_;
};

} // namespace troupe

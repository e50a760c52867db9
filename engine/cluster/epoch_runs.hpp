#pragma once

#include "engine/cluster/group_record.hpp"

#include <vector>

namespace troupe::cluster {

/// The epochs of a log's entries, kept as the first index of each: all that a
/// replica has to know of entries to compare logs. Indexes up to the base may
/// be missing from the log; what they said is in a checkpoint.
class epoch_runs {
public:
  struct run {
    log_index first = 0;
    epoch_number epoch = 0;
    bool operator==(const run&) const = default;
  };

  epoch_runs() = default;

  /// Starts an empty log behind a checkpoint.
  explicit epoch_runs(log_mark base) : base_{base}, last_{base.index} {}

  log_mark base() const { return base_; }
  log_index last() const { return last_; }
  log_mark end() const { return mark(last_); }

  /// Tells the epoch at an index from `base().index` to `last()`.
  epoch_number epoch_at(log_index index) const;
  log_mark mark(log_index index) const { return {epoch_at(index), index}; }

  /// True where the log has this very entry, or it is the base.
  bool has(log_mark mark) const;

  /// Returns the last index of the run of entries that `index` lies in.
  log_index run_end(log_index index) const;

  /// Returns the greatest index, up to `limit`, whose epoch is at most
  /// `epoch`; the base where none is.
  log_index last_up_to(epoch_number epoch, log_index limit) const;

  /// Returns the first index from `first` to `last() + 1` that has no entry
  /// of this epoch.
  log_index first_other(log_index first, epoch_number epoch) const;

  /// Adds entries at the end; `epoch` is not below that of the last one.
  void append(epoch_number epoch, log_index count);

  /// Removes the entries from `first` on; `first` is above the base.
  void truncate(log_index first);

  /// Moves the base up to `index`, at most `last()`.
  void trim(log_index index);

  const std::vector<run>& runs() const { return runs_; }
  bool operator==(const epoch_runs&) const = default;

private:
  log_mark base_;
  log_index last_ = 0;
  std::vector<run> runs_; // above the base, rising
};

} // namespace troupe::cluster

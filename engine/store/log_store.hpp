#pragma once

#include "engine/store/checkpoint_piece.hpp"
#include "engine/store/entry_codec.hpp"
#include "engine/store/group_view.hpp"
#include "engine/store/queue_record.hpp"
#include "engine/store/replica_mark.hpp"
#include "engine/store/store_keys.hpp"
#include "engine/store/store_membership.hpp"
#include "engine/store/store_options.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

struct append {
  group_id group{};
  encoded_entry entry; // empty: no entry gets this index
};

struct state_write {
  group_id group{};
  state_change change;
};

/// Goes on putting the checkpoint that is kept aside, and whole, in the place
/// of a group's log and state: a bounded part of it, or all that is left.
/// From the first step on it will happen, if need be when the store is opened
/// again; until the last one the group is not to be read, and `last_index` and
/// its marks are as before. Then the base is where the checkpoint was taken.
struct install_step {
  group_id group{};
  bool is_last = false;
};

/// What a store has of a checkpoint that did not arrive yet as a whole.
struct partial_checkpoint {
  checkpoint_id of;
  std::uint64_t next = 0; // pieces below are kept
  applied_mark applied;   // its own
  bool operator==(const partial_checkpoint&) const = default;
};

/// What is to become true together.
struct commit_request {
  std::vector<append> appends;
  std::vector<log_place> erases; // stored before; each once
  std::vector<state_write> changes;

  // -- of replicas (log_replica.cpp)

  /// Before the appends: the log ends in front of each of these, and the next
  /// append gets its index. Behind them no entry was erased.
  std::vector<log_place> truncations;
  /// After the erases: all there is of these groups goes, and their logs begin
  /// anew. Not together with appends to them.
  std::vector<group_id> drops;
  std::vector<std::pair<group_id, replica_mark>> marks;
  std::vector<std::pair<group_id, applied_mark>> applied;

  /// Pieces of checkpoints to keep aside, at most one a group, in order;
  /// number 0 replaces what was kept of another one.
  std::vector<std::string> pieces;
  /// Pieces kept of these groups are of no use.
  std::vector<group_id> piece_drops;
  /// Not together with anything else.
  std::vector<install_step> installs;

  /// Whether it must have reached the disk before `commit` returns.
  bool sync = true;
};

/// What the store did since it was opened, and what it takes up.
struct store_figures {
  std::uint64_t bytes_on_disk = 0;
  std::uint64_t bytes_in_memory = 0; // of buffers, caches and open tables
  std::uint64_t commits = 0;
  std::uint64_t fsyncs = 0; // of commits
  std::uint64_t entries_appended = 0;
  std::uint64_t entries_erased = 0;
  std::uint64_t bytes_written = 0; // handed to `commit`, before compression
  std::uint64_t checksum_errors = 0;
};

/// The logs of all groups, the handlers' state and the queues' names, in one
/// folder (docs/store_format.md).
///
/// One thread owns it and calls what changes it. What is const may be called
/// from any thread at the same time. After a `storage_failed` the process is
/// to end: what the disk holds is then unknown.
class log_store {
public:
  /// Opens the store, or makes one. Fails with `in_use`, `newer_format`,
  /// `corrupt`, `cannot_create`, `storage_failed`, or `not_found` (read-only).
  static result<std::unique_ptr<log_store>> open(const store_options& options);

  ~log_store();

  // -- the owner's

  /// Does all of it or nothing, with one write and at most one fsync. Returns
  /// the index of each append, in order: in each group one more than the last,
  /// from 1, never given again. An empty request with `sync` makes earlier
  /// commits last that did not ask for it.
  result<std::vector<log_index>> commit(const commit_request& request);

  /// Returns the queue's record, a new one where the name is new. Fails with
  /// `bad_config` where it has another number of partitions.
  result<queue_record>
  define_queue(const std::string& name, std::uint16_t partitions);

  /// Forgets a queue's record; its entries stay. Unknown names are fine.
  result<void> drop_queue(const std::string& name);

  /// Notes for good which cluster the store belongs to.
  result<void> set_membership(const store_membership& what);

  /// Moves what is buffered in memory to the disk and frees the memory.
  result<void> flush();

  // -- anyone's

  /// Reads one entry; `not_found` where it is erased.
  result<log_entry> read(log_place place) const;

  /// Shows a group's entries in the order of their indexes, as they were when
  /// it began. Stops at the first failure, the visitor's or its own.
  result<void> scan(
    group_id group,
    const std::function<result<void>(log_index, log_entry&&)>& visit) const;

  /// Returns the group's last index ever given, 0 before the first; of a
  /// replica the log's last.
  log_index last_index(group_id group) const;

  // -- of replicas

  /// An entry as it is stored; empty where it is erased.
  using raw_entry = std::string;

  /// Returns the entries from `from` to `last`, without gaps, or fewer where
  /// they have more than `most` bytes, but at least one. Fails with `corrupt`
  /// where one's checksum does not fit.
  result<std::vector<raw_entry>> read_raw(
    group_id group, log_index from, log_index last, std::size_t most) const;

  /// Returns nothing where the group was never replicated.
  result<std::optional<replica_mark>> mark(group_id group) const;
  result<applied_mark> applied(group_id group) const;

  /// Returns nothing where the store was never in a cluster.
  result<std::optional<store_membership>> membership() const;

  /// Returns nothing where no piece is kept aside.
  result<std::optional<partial_checkpoint>> partial(group_id group) const;

  /// Begins a checkpoint of what the store has of a group now, up to an entry
  /// that is in the log. Fails with `not_found` where the base is behind it.
  /// The view ends before the store does.
  result<std::unique_ptr<group_view>> view(
    group_id group,
    std::uint64_t epoch,
    log_index up_to,
    std::size_t piece_bytes = 1024 * 1024) const;

  result<std::optional<std::string>> state(
    group_id group,
    std::string_view handler,
    std::string_view scope,
    std::string_view name) const;

  /// Shows a handler's state in all groups; the views are good during the
  /// call.
  result<void> scan_state(
    std::string_view handler,
    const std::function<void(
      std::string_view scope, std::string_view name, std::string_view value)>&
      visit) const;

  /// Where to go on with a handler's state.
  struct state_cursor {
    std::string scope;
    std::string name;
  };

  /// Shows a handler's state in one group, what comes behind `after`, for as
  /// long as `visit` returns true; the views are good during the call.
  result<void> scan_state(
    group_id group,
    std::string_view handler,
    const std::optional<state_cursor>& after,
    const std::function<bool(
      std::string_view scope, std::string_view name, std::string_view value)>&
      visit) const;

  /// Returns all queues, by name.
  result<std::vector<queue_record>> queues() const;

  /// True once the disk is so full that publishers should be refused.
  bool is_low_on_space() const;

  store_figures figures() const;

  /// Returns about how much a group's entries and state take, with what is
  /// erased and not yet compacted.
  std::uint64_t group_bytes(group_id group) const;

  /// Returns what was drawn when the store was made, as 32 hex digits.
  const std::string& store_id() const { return store_id_; }

private:
  struct parts;

  log_store(std::unique_ptr<parts> all, std::string store_id);

  std::unique_ptr<parts> parts_;
  std::string store_id_;
};

} // namespace troupe

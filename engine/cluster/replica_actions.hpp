#pragma once

#include "engine/cluster/group_record.hpp"
#include "engine/cluster/replica_messages.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe::cluster {

/// What a replica does for its group. The last four are a leader's.
enum class replica_role : std::uint8_t {
  offline,    // has not read the record yet, or is not in it
  learner,    // gets entries, counts for nothing
  follower,   // in sync: confirms wait for it
  recovering, // its first entry is not committed yet
  accepting,  // takes and confirms messages; its handlers wait for the fence
  processing,
  draining, // gives the group away: no new handlers
};

constexpr bool is_leader(replica_role role) {
  return role >= replica_role::recovering;
}

std::string to_string(replica_role role);

/// Why entries of this member's own were not taken; none of them is stored.
enum class refusal : std::uint8_t {
  none,
  not_leader,
  not_ready, // about to lead, or about to give the group away
  too_many,  // uncommitted ones; later there is room
  no_space,
};

std::string to_string(refusal why);

enum class move_result : std::uint8_t {
  done,
  refused,   // it does not lead and handle, or the target is not in sync
  timed_out, // handlers ran on; it leads on as before
  lost,      // it lost the group, maybe to another one
};

std::string to_string(move_result how);

// -- what a replica machine wants done, in this order

struct send_append {
  member_id to{};
  append what; // entries `previous.index + 1` and on; may be sent in parts
  bool operator==(const send_append&) const = default;
};

struct send_ack {
  member_id to{};
  ack what;
  bool operator==(const send_ack&) const = default;
};

struct send_reject {
  member_id to{};
  reject what;
  bool operator==(const send_reject&) const = default;
};

struct send_release {
  member_id to{};
  release what;
  bool operator==(const send_release&) const = default;
};

/// Piece 0 of a checkpoint that is new asks for a view of the store as it is
/// now. A view that is gone is told by `on_checkpoint_gone`.
struct send_chunk {
  member_id to{};
  chunk what;
  bool operator==(const send_chunk&) const = default;
};

struct send_chunk_ack {
  member_id to{};
  chunk_ack what;
  bool operator==(const send_chunk_ack&) const = default;
};

/// Answered by `on_epoch_persisted` once it is on disk.
struct persist_epoch {
  epoch_number epoch = 0;
  bool operator==(const persist_epoch&) const = default;
};

/// Remove the entries from `first` on; entries are written there next.
struct truncate {
  log_index first = 0;
  bool operator==(const truncate&) const = default;
};

/// Write entries of the append just told, by their indexes. Answered by
/// `on_synced` with the branch, once they are on disk.
struct write_entries {
  log_index first = 0;
  log_index last = 0;
  std::uint64_t branch = 0;
  bool operator==(const write_entries&) const = default;
};

/// Write the empty entry that begins an epoch. Answered by `on_synced`.
struct append_noop {
  log_mark at;
  std::uint64_t branch = 0;
  bool operator==(const append_noop&) const = default;
};

/// All entries up to here will never be lost.
struct commit {
  log_index up_to = 0;
  bool operator==(const commit&) const = default;
};

/// Entries up to here may be erased; the mark is to be kept.
struct trim {
  log_mark up_to;
  bool operator==(const trim&) const = default;
};

/// Change the group's record if it still has this revision. Answered by
/// `on_swapped`, `on_swap_conflict` or `on_swap_unknown` with the number.
struct compare_and_swap {
  std::uint64_t number = 0;
  revision_number expected = 0;
  group_record record;
  bool operator==(const compare_and_swap&) const = default;
};

/// Read the record anew. Answered by `on_record`.
struct read_record {
  bool operator==(const read_record&) const = default;
};

struct became {
  replica_role role{};
  epoch_number epoch = 0;
  bool operator==(const became&) const = default;
};

/// This member is out of the record: erase the group's log and state.
/// Answered by `on_dropped`.
struct drop_log {
  bool operator==(const drop_log&) const = default;
};

/// Send checksums of these entries to a follower that stopped uncleanly; its
/// shell compares and tells its machine by `on_compared`. There may be none,
/// which is equal.
struct compare_logs {
  member_id with{};
  epoch_number epoch = 0;
  log_index first = 0;
  log_index last = 0;
  bool operator==(const compare_logs&) const = default;
};

/// The disk has other entries than it acked: move the store aside and start
/// with a new one.
struct replace_store {
  bool operator==(const replace_store&) const = default;
};

/// Keep a piece of a checkpoint aside. Answered by `on_chunk_stored`.
struct store_chunk {
  log_mark at;
  std::uint64_t number = 0;
  bool operator==(const store_chunk&) const = default;
};

/// Replace log and state by the checkpoint kept aside, at once or not at all.
/// Answered by `on_installed` when that is on disk.
struct install_checkpoint {
  log_mark at;
  bool operator==(const install_checkpoint&) const = default;
};

/// The group needs a new epoch; tell whoever controls the cluster.
struct ask_for_leader {
  epoch_number epoch = 0;
  bool operator==(const ask_for_leader&) const = default;
};

struct move_ended {
  move_result how{};
  bool operator==(const move_ended&) const = default;
};

/// What cannot be is: end the process before it does harm.
struct abort_process {
  std::string why;
  bool operator==(const abort_process&) const = default;
};

using replica_action = std::variant<
  send_append,
  send_ack,
  send_reject,
  send_release,
  send_chunk,
  send_chunk_ack,
  persist_epoch,
  truncate,
  write_entries,
  append_noop,
  commit,
  trim,
  compare_and_swap,
  read_record,
  became,
  drop_log,
  compare_logs,
  replace_store,
  store_chunk,
  install_checkpoint,
  ask_for_leader,
  move_ended,
  abort_process>;

/// Returns "append to 2: epoch 3, 3 entries behind 2:7" and the like.
std::string to_string(const replica_action& action);

} // namespace troupe::cluster

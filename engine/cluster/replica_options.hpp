#pragma once

#include "engine/cluster/group_record.hpp"
#include "engine/cluster/lease.hpp"

#include <cstdint>

namespace troupe::cluster {

/// The rules that one machine can break alone, each kept unless a test wants
/// to see that its checks notice. Nobody else sets them.
struct replica_rules {
  /// R1: an entry counts once all of the in-sync set have it, not some.
  bool confirms_by_all = true;
  /// The record says how many are in sync at least, not the options.
  bool heeds_record = true;
  /// R2: what is confirmed counts along with what is proposed.
  bool keeps_confirmed_set = true;
  /// R4: who comes in sync has the entry that began this epoch.
  bool expands_behind_noop = true;
  /// R5, R6: a member leads, and acks, only with the disk in the record.
  bool binds_to_store = true;
  /// Appends of earlier epochs are rejected.
  bool checks_epoch = true;
  /// Entries are added only behind an entry both logs have.
  bool checks_previous = true;
  /// A new leader outwaits the leases of those before it.
  bool waits_for_fence = true;
  /// A release lifts the fence of the epoch right behind its own alone.
  bool checks_release = true;
  /// Only a leader that was allowed to handle, and handles no more, releases.
  bool releases_when_drained = true;
  /// Nothing is trimmed, or sent as a checkpoint, before it is committed.
  bool trims_committed = true;
  /// Acks from before a follower was (again) taken on are ignored.
  bool checks_ack_age = true;

  bool operator==(const replica_rules&) const = default;
};

/// What a replica machine goes by. Counts and spans are above 0.
struct replica_options {
  member_id self{};
  store_id store;
  /// The in-sync set is never made smaller, and confirms nothing while it is;
  /// where the record does not say it.
  std::uint32_t min_in_sync = 2;
  lease_terms lease;

  /// A follower silent or behind for longer leaves the in-sync set.
  local_span silent_after = std::chrono::seconds{2};
  /// How long a leader waits for handlers before it calls a move off.
  local_span drain_timeout = std::chrono::seconds{10};
  /// After how long without an ack entries are sent again; doubled each time.
  local_span resend_after = std::chrono::milliseconds{500};
  local_span resend_most = std::chrono::seconds{4};
  /// How often a swap without a known outcome is looked into.
  local_span ask_again_after = std::chrono::milliseconds{200};
  /// How often a leader is asked for, where nobody leads.
  local_span ask_for_leader_after = std::chrono::seconds{1};
  /// How long confirms wait for a follower that is to come in sync and is no
  /// more than an append behind; ten times as long, they do not again.
  local_span join_patience = std::chrono::milliseconds{100};

  // per follower
  std::uint32_t append_entries = 256;   // in one append
  std::uint32_t appends_in_flight = 16; // at most `most_in_flight`
  std::uint32_t window_entries = 4096;  // sent and not acked
  /// Bytes of entries sent and not acked; one entry always may be. All groups
  /// share the way to a follower: 64 of them keep 64 MiB on it, a quarter of
  /// what may wait there.
  std::uint64_t window_bytes = 1024 * 1024;

  /// Entries a leader takes on beyond what is committed.
  std::uint32_t uncommitted_entries = 65536;
  /// Entries kept for a follower that is behind; one further behind gets a
  /// checkpoint.
  std::uint64_t kept_entries = 100'000;
  /// So long they are kept for one that is silent: who restarts goes on from
  /// where it was.
  local_span kept_for = std::chrono::seconds{30};
  /// How far back logs are compared after an unclean stop.
  std::uint64_t compared_entries = 65536;

  replica_rules rules;

  bool operator==(const replica_options&) const = default;
};

constexpr std::uint32_t most_in_flight = 16;

} // namespace troupe::cluster

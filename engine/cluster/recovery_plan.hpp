#pragma once

#include "engine/base/result.hpp"
#include "engine/cluster/group_record.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// Who leads and keeps each group of a cluster that is made anew from what is
// left of one whose coordinator is lost. An operator's decision: here rule R5
// does not hold, since nobody knows any more who was in sync.

namespace troupe::cluster {

/// What a store says of one group.
struct surveyed_group {
  epoch_number seen = 0;   // the highest epoch it knows of
  log_mark last;           // its last entry, or its base
  log_index base = 0;      // entries up to here are in a checkpoint
  log_index committed = 0; // known to be committed, at least
  bool was_stopped_cleanly = false;
  bool operator==(const surveyed_group&) const = default;

  /// True where it has a copy, if only of an entry that says nothing.
  bool has_copy() const { return last.index > 0; }
};

/// What a store says of itself, while no node runs on it.
struct store_survey {
  store_id store;
  std::string cluster_id;
  std::string cluster; // its name
  std::string member;  // the name of the node
  member_id number{};
  std::uint32_t replicas = 0; // of the cluster, when the node last started
  std::vector<surveyed_group> groups; // all, by number
  bool operator==(const store_survey&) const = default;
};

/// What may be lost of a group, as far as surveys can tell.
enum class recovery_risk : std::uint8_t {
  none, // as many copies as the cluster kept are surveyed
  /// Copies are missing, but fewer than confirms waited for: what was
  /// confirmed is there unless the group was on the move.
  few,
  some, // whoever is missing may have more
  /// A store knows of an epoch of which no store has an entry: its leader had
  /// entries, if only one that says nothing.
  behind,
  all, // nobody has a copy
};

std::string to_string(recovery_risk risk);

struct recovered_group {
  group_record record;
  std::vector<member_id> holders; // those with a copy
  log_mark last;                  // the best store's
  epoch_number seen = 0;          // the highest of all
  recovery_risk risk{};
  bool operator==(const recovered_group&) const = default;
};

struct recovery_plan {
  std::uint32_t replicas = 0; // of the cluster that is made
  std::vector<recovered_group> groups;
  bool operator==(const recovery_plan&) const = default;
};

/// More stores than this make one txn too large.
constexpr std::size_t most_surveys = 31;

/// Decides for each group: the store with the greatest last (epoch, index)
/// leads, in an epoch above all that were seen; in sync are those that end
/// alike, all with a copy are replicas. A group that nobody has begins empty.
///
/// A group confirms with those that end alike, at most a majority of the
/// replicas that the old cluster kept; the controller raises that once there
/// are more copies.
///
/// Fails with `bad_input` where surveys are not of one cluster, or two are of
/// one store, member or number.
result<recovery_plan> plan_recovery(std::span<const store_survey> surveys);

} // namespace troupe::cluster

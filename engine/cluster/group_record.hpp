#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::cluster {

/// A node as the cluster sees it, by the number it was registered under. 0 is
/// nobody.
enum class member_id : std::uint16_t {};

constexpr member_id nobody{};

/// Returns the member's number as digits, or "nobody".
std::string member_text(member_id member);

bool contains(const std::vector<member_id>& all, member_id member);

/// How many of so many replicas have to be in sync for anything to be
/// confirmed: any two such sets have one in common.
constexpr std::uint32_t majority_of(std::size_t replicas) {
  return static_cast<std::uint32_t>(replicas / 2 + 1);
}

/// How often a group has changed its leader; 0 before the first.
using epoch_number = std::uint64_t;

/// The coordinator's number of a record's last change; 0 where there is none.
using revision_number = std::int64_t;

/// Tells one disk from another, also on the same member: drawn when a store
/// is made, so that an emptied member is not taken for what it was.
struct store_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const store_id&) const = default;
};

/// Reads 32 hex digits, as the store keeps them. Fails with `bad_input`.
result<store_id> parse_store_id(std::string_view text);
std::string to_string(store_id id);

/// An entry's place in a group's log and the epoch it was written in. Where
/// two logs agree on a mark they agree on all before it. The later of two ends
/// is the greater one.
struct log_mark {
  epoch_number epoch = 0;
  log_index index = 0; // 0: before the first entry
  auto operator<=>(const log_mark&) const = default;
};

std::string to_string(log_mark mark);

/// A replica that confirms wait for, bound to the disk it acked with.
struct in_sync_member {
  member_id member{};
  store_id store;
  bool operator==(const in_sync_member&) const = default;
};

/// Why a record was changed; people read it, no rule does.
enum class record_cause : std::uint8_t {
  creation,
  failover,
  move,
  resignation,
  shrink,
  expand,
  removal,
  operation, // by an operator
};

std::string to_string(record_cause cause);

/// What the coordinator keeps of one group: the truth about who leads it.
/// Changed only by compare-and-swap on its revision.
struct group_record {
  epoch_number epoch = 0;
  member_id leader{};
  std::vector<member_id> replicas; // the preferred leader first
  std::vector<in_sync_member> in_sync;
  std::vector<member_id> adding; // learners on their way in
  /// On their way out. Only the leader takes them out of the others: it has to
  /// know that what they acked before counts no more.
  std::vector<member_id> removing;
  record_cause cause{};
  /// The in-sync set never has fewer, in this record or in one that replaces
  /// it; whoever changes this number sees to that. 0: as members were started
  /// with, in records of before there was such a number.
  std::uint32_t min_in_sync = 0;

  bool operator==(const group_record&) const = default;

  /// True where the member has or is to get a copy.
  bool has(member_id member) const;
  bool is_removing(member_id member) const;

  /// Returns the member's entry in the in-sync set, or null.
  const in_sync_member* find_in_sync(member_id member) const;

  /// True where the member is in sync with this very disk.
  bool is_in_sync(member_id member, store_id store) const;
};

} // namespace troupe::cluster

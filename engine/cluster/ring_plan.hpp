#pragma once

#include "engine/base/ids.hpp"
#include "engine/cluster/group_record.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace troupe::cluster {

/// What a member says of itself when it registers.
enum class member_state : std::uint8_t {
  joining, // came for the first time; counts like one that is up
  up,
  draining, // is to lose all groups
};

std::string to_string(member_state state);

/// A registered member, as the ring sees it.
struct ring_member {
  member_id id{};
  std::string name;
  member_state state = member_state::up;
  bool operator==(const ring_member&) const = default;
};

/// Who keeps copies of a group, the preferred leader first and the others in
/// the order of the ring.
using replica_list = std::vector<member_id>;

/// Proposes who keeps each group, by group number. Lists have `replicas`
/// members, or all there are where those are fewer; draining ones get nothing.
///
/// The members come onto the ring one by one in the order of their ids, and
/// each takes its even share from those that have most, choosing the groups
/// whose walk passes it first. So a member that is new moves its own share and
/// no more, and no member has over 1.15 of an even one. The proposal depends
/// on ids, names and states alone: all members work out the same one.
std::vector<replica_list>
plan_ring(std::span<const ring_member> members, std::size_t replicas);

enum class ring_change_kind : std::uint8_t {
  leader,  // the group changes its leader; nothing is copied
  replica, // a copy is made on `to`, and the one on `from` goes
};

std::string to_string(ring_change_kind kind);

/// One step from how groups are kept to how they should be. Where only a copy
/// is missing `from` is nobody, where one is too many `to` is.
struct ring_change {
  group_id group{};
  member_id from{};
  member_id to{};
  ring_change_kind kind{};
  bool operator==(const ring_change&) const = default;
};

/// Returns "group 7: leader 1 -> 2" and the like.
std::string to_string(const ring_change& change);

/// Lists what has to change, by group number in both. First leaders that go
/// to where a copy is; then copies by group, each followed by the leader that
/// waits for it. Groups without a record are left out.
std::vector<ring_change> plan_moves(
  std::span<const group_record> current, std::span<const replica_list> wanted);

} // namespace troupe::cluster

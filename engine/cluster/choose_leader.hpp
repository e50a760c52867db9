#pragma once

#include "engine/cluster/group_record.hpp"

#include <optional>
#include <span>

namespace troupe::cluster {

/// A member that is there, with the disk it registered.
struct registered_member {
  member_id member{};
  store_id store;
  bool operator==(const registered_member&) const = default;
};

/// What a member says of its log when it is asked.
struct log_answer {
  member_id member{};
  store_id store;
  log_mark end;
  bool operator==(const log_answer&) const = default;
};

/// Returns who may lead a group (rule R5): one in sync that is there with the
/// disk it was in sync with. Of those that answered, the one with the longest
/// log; where none did, the one preferred by the record. Nobody where there is
/// no such member: the group waits, for anyone else may lack what was
/// confirmed.
std::optional<member_id> choose_leader(
  const group_record& record,
  std::span<const registered_member> present,
  std::span<const log_answer> answers);

/// Returns the record of the next epoch, under `leader`, who may be nobody.
group_record
next_epoch(const group_record& record, member_id leader, record_cause cause);

/// Takes a dead member out of the in-sync set, unless that would leave fewer
/// than `min_in_sync`; the leader stays.
void drop_from_sync(
  group_record& record, member_id dead, std::size_t min_in_sync);

} // namespace troupe::cluster

#include "engine/cluster/choose_leader.hpp"

#include <algorithm>

namespace troupe::cluster {

namespace {

bool is_electable(
  const group_record& record,
  std::span<const registered_member> present,
  member_id member) {
  auto x = std::ranges::find(present, member, &registered_member::member);
  return x != present.end() && record.is_in_sync(member, x->store);
}

/// Returns the end of the member's log, as far as it answered from the disk
/// in the record.
log_mark end_of(
  const group_record& record,
  std::span<const log_answer> answers,
  member_id member) {
  auto end = log_mark{};
  for (const auto& x : answers)
    if (x.member == member && record.is_in_sync(member, x.store))
      end = std::max(end, x.end);
  return end;
}

} // namespace

std::optional<member_id> choose_leader(
  const group_record& record,
  std::span<const registered_member> present,
  std::span<const log_answer> answers) {
  auto best = std::optional<member_id>{};
  auto best_end = log_mark{};
  auto consider = [&](member_id member) {
    if (!is_electable(record, present, member)) return;
    auto end = end_of(record, answers, member);
    if (best && end <= best_end) return;
    best = member;
    best_end = end;
  };
  for (auto x : record.replicas) consider(x);
  for (const auto& x : record.in_sync) consider(x.member);
  return best;
}

group_record
next_epoch(const group_record& record, member_id leader, record_cause cause) {
  auto next = record;
  ++next.epoch;
  next.leader = leader;
  next.cause = cause;
  return next;
}

void drop_from_sync(
  group_record& record, member_id dead, std::size_t min_in_sync) {
  if (record.in_sync.size() <= min_in_sync || record.leader == dead) return;
  std::erase_if(
    record.in_sync, [&](const auto& x) { return x.member == dead; });
}

} // namespace troupe::cluster

#include "engine/cluster/controller.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

namespace {

bool has_answered(
  const std::vector<log_answer>& answers, const registered_member& x) {
  return std::ranges::any_of(answers, [&](const log_answer& y) {
    return y.member == x.member && y.store == x.store;
  });
}

} // namespace

/// True where nobody leads, or whoever should is gone, has another disk, is
/// suspected, or says that it cannot.
bool controller::needs_leader(
  const controlled_group& group, local_time now) const {
  const auto& record = group.record;
  if (record.epoch == 0) return false;
  if (record.leader == nobody || group.given_up == record.epoch) return true;
  return !is_in_sync_now(record, record.leader)
         || is_suspected(record.leader, now);
}

/// Returns those that rule R5 allows; suspected ones only where there is
/// nobody else.
std::vector<registered_member>
controller::candidates(const controlled_group& group, local_time now) const {
  auto all = present();
  std::erase_if(all, [&](const registered_member& x) {
    return !group.record.is_in_sync(x.member, x.store);
  });
  auto well = all;
  std::erase_if(well, [&](const registered_member& x) {
    return is_suspected(x.member, now);
  });
  return well.empty() ? all : well;
}

void controller::elect(group_id id, local_time now) {
  auto& x = at(id);
  if (!needs_leader(x, now)) return x.electing.reset();
  // Anything else that was asked for is not worth waiting for.
  if (is_swapping_leader(x) || now < x.rest_until) return;
  if (x.electing) return finish_election(id, now);
  const auto among = candidates(x, now);
  if (among.empty()) return leave_leaderless(id, now);
  // There is nobody better than a leader that is only suspected.
  const auto is_only = among.size() == 1 && among[0].member == x.record.leader;
  if (is_only && x.given_up != x.record.epoch) return;
  begin_election(id, among, now);
}

void controller::begin_election(
  group_id id, const std::vector<registered_member>& among, local_time now) {
  auto& x = at(id);
  auto asked = std::vector<member_id>{};
  for (const auto& y : among) asked.push_back(y.member);
  act(ask_logs{id, asked});
  x.electing =
    election{x.record.epoch, now + options_.ask_for, std::move(asked), {}};
}

/// Takes the best of those that answered, once all have or time is up. Where
/// none has, this member may be the one that is cut off: it changes nothing.
void controller::finish_election(group_id id, local_time now) {
  auto& x = at(id);
  const auto is_complete =
    x.electing->answers.size() == x.electing->asked.size();
  if (!is_complete && now < x.electing->deadline) return;
  const auto answers = std::exchange(x.electing, {})->answers;
  auto among = candidates(x, now);
  std::erase_if(among, [&](const registered_member& y) {
    return !has_answered(answers, y);
  });
  const auto chosen = choose_leader(x.record, among, answers);
  if (!chosen) {
    x.rest_until = now + options_.retry_after;
    return;
  }
  swap_leader(id, *chosen, now);
}

void controller::swap_leader(group_id id, member_id leader, local_time now) {
  const auto& old = at(id).record;
  auto record = next_epoch(old, leader, record_cause::failover);
  for (const auto& x : old.in_sync)
    if (!is_in_sync_now(old, x.member) || is_suspected(x.member, now))
      drop_from_sync(record, x.member, least_of(old));
  swap(id, std::move(record), "elects " + member_text(leader), now);
  settled_at_ = now + options_.settle_for;
}

/// Says in the record that nobody leads: none of those in sync is there. The
/// group waits for them, for anyone else may lack what was confirmed.
void controller::leave_leaderless(group_id id, local_time now) {
  const auto& old = at(id).record;
  if (old.leader == nobody) return;
  swap(
    id, next_epoch(old, nobody, record_cause::failover),
    "has no leader: none of its in-sync set is there; start one of them", now);
}

} // namespace troupe::cluster

#include "engine/cluster/controller.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

/// True where the member is there with the disk in the record.
bool controller::is_in_sync_now(
  const group_record& record, member_id member) const {
  auto x = find(member);
  return x && record.is_in_sync(member, x->what.store);
}

// -- creating

/// Writes the first record of each group that has none. All replicas have to
/// be there: their disks are the in-sync set.
void controller::create_missing(local_time now) {
  if (usable_ < options_.replicas) return;
  for (std::size_t g = 0; g < groups; ++g) {
    if (groups_[g].revision != 0 || !is_idle(groups_[g], now)) continue;
    auto record = group_record{};
    record.epoch = 1;
    record.replicas = wanted_[g];
    if (record.replicas.size() < options_.replicas) return;
    record.leader = record.replicas.front();
    for (auto x : record.replicas)
      record.in_sync.push_back({x, find(x)->what.store});
    record.cause = record_cause::creation;
    record.min_in_sync = options_.min_in_sync;
    swap(static_cast<group_id>(g), std::move(record), "is created", now);
  }
}

// -- the least in sync

std::uint32_t controller::least_of(const group_record& record) const {
  return record.min_in_sync > 0 ? record.min_in_sync : options_.min_in_sync;
}

/// Returns what the record should say. A lower number counts at once: replicas
/// can only go when it does. A higher one counts when all the replicas are
/// there; before, one that fails would stop the group. Nor is it ever more than
/// are in sync, so that what a leader confirmed by the record before, which
/// names the same ones, is on as many disks as this one says.
std::uint32_t controller::next_least(const group_record& record) const {
  const auto goal = options_.min_in_sync;
  if (record.min_in_sync > goal) return goal;
  const auto here = std::ranges::count_if(
    record.replicas, [&](member_id x) { return !record.is_removing(x); });
  const auto is_ready = static_cast<std::size_t>(here) >= options_.replicas
                        && record.in_sync.size() >= goal;
  return is_ready ? goal : record.min_in_sync;
}

void controller::set_least(group_id id, local_time now) {
  const auto& x = at(id);
  if (x.record.leader == nobody || !is_idle(x, now) || x.electing) return;
  const auto least = next_least(x.record);
  if (least == x.record.min_in_sync) return;
  auto record = x.record;
  record.min_in_sync = least;
  record.cause = record_cause::operation;
  const auto why =
    "confirms with " + std::to_string(least) + " in sync, or more";
  swap(id, std::move(record), why, now);
}

// -- copies

/// Makes a learner of a replica that came back with another disk. What stands
/// of it in the in-sync set is its leader's to replace.
bool controller::take_on_wiped(group_id id, local_time now) {
  auto& x = at(id);
  if (x.record.leader == nobody || !is_idle(x, now) || x.electing) return false;
  for (const auto& y : x.record.in_sync) {
    if (!find(y.member) || is_in_sync_now(x.record, y.member)) continue;
    if (y.member == x.record.leader) continue;
    auto record = x.record;
    if (std::erase(record.replicas, y.member) == 0) continue;
    if (!contains(record.adding, y.member)) record.adding.push_back(y.member);
    record.cause = record_cause::expand;
    swap(
      id, std::move(record),
      "copies anew to " + member_text(y.member) + ", which has another disk",
      now);
    return true;
  }
  return false;
}

/// True where copies come or go, or will by what was asked for.
bool controller::has_copies_moving(const controlled_group& group) const {
  auto moves = [](const group_record& x) {
    return !x.adding.empty() || !x.removing.empty();
  };
  return moves(group.record) || (group.swap && moves(group.swap->record));
}

/// Brings a few groups at a time to those that should keep them. While
/// somebody is missing who may come back, or fewer than the replicas are
/// there, all stay as they are.
void controller::move_copies(local_time now) {
  if (is_waited_for(now) || usable_ < options_.replicas) return;
  auto moving = static_cast<std::size_t>(std::ranges::count_if(
    groups_, [&](const auto& x) { return has_copies_moving(x); }));
  for (std::size_t g = 0; g < groups; ++g) {
    auto& x = groups_[g];
    const auto is_moving = has_copies_moving(x);
    if (!is_moving && moving >= options_.moves_at_once) continue;
    if (x.record.leader == nobody || !is_idle(x, now) || x.electing) continue;
    if (move_copies_of(static_cast<group_id>(g), now)) moving += !is_moving;
  }
}

/// Names who is to come; who is to go only once all that should be there have
/// the group in sync. The leader goes last, after it gave the group away.
bool controller::move_copies_of(group_id id, local_time now) {
  const auto& wanted = wanted_[static_cast<std::size_t>(id)];
  auto record = at(id).record;
  std::erase_if(
    record.removing, [&](member_id x) { return contains(wanted, x); });
  for (auto x : wanted)
    if (!contains(record.replicas, x) && !contains(record.adding, x))
      record.adding.push_back(x);
  for (auto x : record.adding)
    if (!contains(wanted, x) && !contains(record.removing, x))
      record.removing.push_back(x);
  if (has_all_wanted(id))
    for (auto x : record.replicas) {
      const auto stays = contains(wanted, x) || contains(record.removing, x);
      if (!stays && x != record.leader) record.removing.push_back(x);
    }
  if (record == at(id).record) return put_in_order(id, now), false;
  const auto grows = record.adding.size() > at(id).record.adding.size();
  record.cause = grows ? record_cause::expand : record_cause::removal;
  swap(
    id, std::move(record),
    grows ? "gets a replica, as the ring wants it"
          : "loses a replica, as the ring wants it",
    now);
  return true;
}

bool controller::has_all_wanted(group_id id) const {
  const auto g = static_cast<std::size_t>(id);
  const auto& record = groups_[g].record;
  return std::ranges::all_of(wanted_[g], [&](member_id x) {
    return contains(record.replicas, x) && is_in_sync_now(record, x);
  });
}

/// Lists the replicas as the ring does, the preferred leader first.
void controller::put_in_order(group_id id, local_time now) {
  const auto& wanted = wanted_[static_cast<std::size_t>(id)];
  auto record = at(id).record;
  if (has_copies_moving(at(id)) || record.replicas == wanted) return;
  if (!std::ranges::is_permutation(record.replicas, wanted)) return;
  record.replicas = wanted;
  record.cause = record_cause::move;
  swap(id, std::move(record), "gets its replicas in the ring's order", now);
}

// -- leaders

/// Returns who should lead instead of the present leader: whom the ring
/// wants, or for a leader that drains anyone in sync who does not.
std::optional<member_id> controller::next_leader(group_id id) const {
  const auto g = static_cast<std::size_t>(id);
  const auto& record = groups_[g].record;
  auto fits = [&](member_id x) {
    return x != record.leader && is_usable(x) && is_in_sync_now(record, x)
           && !record.is_removing(x);
  };
  if (wanted_[g].empty() || wanted_[g].front() == record.leader) return {};
  if (fits(wanted_[g].front())) return wanted_[g].front();
  if (is_usable(record.leader)) return {};
  for (auto x : wanted_[g])
    if (fits(x)) return x;
  for (auto x : record.replicas)
    if (fits(x)) return x;
  return {};
}

/// Asks a few leaders at a time to give their group to whom the ring wants;
/// not while a group has none, or soon after one was lost.
void controller::move_leaders(local_time now) {
  const auto is_troubled = std::ranges::any_of(groups_, [&](const auto& x) {
    return x.record.epoch == 0 || needs_leader(x, now);
  });
  if (is_troubled || now < settled_at_) return;
  auto moving = static_cast<std::size_t>(std::ranges::count_if(
    groups_, [](const auto& x) { return x.move.has_value(); }));
  for (std::size_t g = 0; g < groups && moving < options_.moves_at_once; ++g) {
    auto& x = groups_[g];
    const auto id = static_cast<group_id>(g);
    // A member that is missing comes back to lead what it led.
    if (is_waited_for(now) && is_usable(x.record.leader)) continue;
    if (x.move || !is_idle(x, now)) continue;
    const auto to = next_leader(id);
    if (!to) continue;
    act(start_move{id, x.record.leader, *to});
    say(
      id,
      "moves from " + member_text(x.record.leader) + " to " + member_text(*to));
    x.move = pending_move{x.record.epoch, now + options_.move_timeout};
    ++moving;
  }
}

} // namespace troupe::cluster

#include "engine/cluster/replica_machine.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

/// Changes the in-sync set, one member at a time; grows it first, so that it
/// can get rid of a dead member without falling short.
void replica_machine::consider_in_sync(local_time now) {
  if (swap_) return joining_.reset();
  for (const auto& x : followers_)
    if (may_join(x, now) && can_expand(x)) return expand(x);
  wait_for_one(now);
  for (auto x : record_.removing)
    if (x != options_.self && !record_.find_in_sync(x)) return dismiss(x);
  if (record_.in_sync.size() <= min_in_sync()) return;
  for (const auto& x : record_.in_sync)
    if (must_shrink(x, now)) return shrink(x.member);
}

/// True where a follower only lacks entries, if anything.
bool replica_machine::may_join(
  const follower_progress& x, local_time now) const {
  return x.is_known && !x.is_probing && !x.state.is_unchecked
         && x.state.has_space && !record_.is_removing(x.id)
         && !x.is_silent(options_.silent_after, now)
         && !x.is_lagging(options_.silent_after, now)
         && !record_.is_in_sync(x.id, x.state.store);
}

/// Rule R4.
bool replica_machine::can_expand(const follower_progress& x) const {
  auto needs_noop = options_.rules.expands_behind_noop;
  return x.match >= committed_ && (x.match >= noop_ || !needs_noop);
}

/// Holds back confirms for a moment, for a follower that is nearly there: one
/// whose disk is slower than the others' would never be seen to have all.
void replica_machine::wait_for_one(local_time now) {
  if (joining_) {
    auto x = find(joining_->who);
    if (x && may_join(*x, now) && now < joining_->until) return;
    if (x) x->join_at = now + 10 * options_.join_patience;
    joining_.reset();
  }
  for (const auto& x : followers_) {
    auto is_near = x.match + options_.append_entries >= committed_;
    if (!is_near || now < x.join_at || !may_join(x, now)) continue;
    joining_ = joining{x.id, now + options_.join_patience};
    return;
  }
}

/// Rule R3.
bool replica_machine::must_shrink(
  const in_sync_member& x, local_time now) const {
  if (x.member == options_.self) return false;
  auto at = find(x.member);
  if (!at) return true;
  auto has_other_disk = at->is_known && at->state.store != x.store;
  return has_other_disk || at->state.is_unchecked || !at->state.has_space
         || record_.is_removing(x.member)
         || at->is_silent(options_.silent_after, now)
         || at->is_lagging(options_.silent_after, now);
}

void replica_machine::expand(const follower_progress& x) {
  auto wanted = record_;
  auto is_same = [&](const in_sync_member& y) { return y.member == x.id; };
  std::erase_if(wanted.in_sync, is_same); // with a disk that is gone
  wanted.in_sync.push_back({x.id, x.state.store});
  if (std::erase(wanted.adding, x.id) > 0) wanted.replicas.push_back(x.id);
  wanted.cause = record_cause::expand;
  propose(std::move(wanted));
}

void replica_machine::shrink(member_id member) {
  auto wanted = record_;
  auto is_same = [&](const in_sync_member& y) { return y.member == member; };
  std::erase_if(wanted.in_sync, is_same);
  wanted.cause = record_cause::shrink;
  propose(std::move(wanted));
}

/// Takes a replica out for good; it erases its log once it reads so. What it
/// acked is forgotten before, for it may be taken on again, empty.
void replica_machine::dismiss(member_id member) {
  auto wanted = record_;
  std::erase(wanted.replicas, member);
  std::erase(wanted.adding, member);
  std::erase(wanted.removing, member);
  wanted.cause = record_cause::removal;
  std::erase_if(followers_, [&](const auto& x) { return x.id == member; });
  propose(std::move(wanted));
}

// -- swaps

/// Asks for a changed record. Until the answer is known both sets hold.
void replica_machine::propose(group_record record) {
  joining_.reset(); // it counts from now on, or the record changes
  in_sync_.propose(record.in_sync);
  swap_ = swap{++swaps_, revision_, std::move(record)};
  act(compare_and_swap{swap_->number, swap_->expected, swap_->record});
  refresh_window();
}

void replica_machine::on_swapped(
  std::uint64_t number, revision_number revision, local_time now) {
  if (!swap_ || swap_->number != number) return;
  auto record = std::move(swap_->record);
  on_record(record, revision, now);
}

void replica_machine::on_swap_conflict(
  std::uint64_t number,
  const group_record& current,
  revision_number revision,
  local_time now) {
  auto is_mine = swap_ && swap_->number == number;
  on_record(current, revision, now);
  if (!is_mine || !swap_ || swap_->number != number) return;
  // The answer was about a record this member cannot place; it asks again.
  swap_->is_unknown = true;
  swap_->ask_at = now;
}

void replica_machine::on_swap_unknown(std::uint64_t number, local_time now) {
  if (!swap_ || swap_->number != number) return;
  swap_->is_unknown = true;
  swap_->ask_at = now;
}

void replica_machine::look_into_swap(local_time now) {
  if (!swap_ || !swap_->is_unknown || now < swap_->ask_at) return;
  swap_->ask_at = now + options_.ask_again_after;
  act(read_record{});
}

} // namespace troupe::cluster

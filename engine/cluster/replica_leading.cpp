#include "engine/cluster/replica_machine.hpp"

#include <algorithm>
#include <functional>

namespace troupe::cluster {

// -- beginning

/// Begins once the epoch is on disk: a member that leads, forgets and leads
/// again in one epoch would write two entries of one mark.
void replica_machine::begin_leading(local_time now) {
  if (noop_ > 0 || persisted_epoch_ < epoch_) return;
  if (!options_.rules.waits_for_fence) fenced_until_ = local_time::min();
  is_unchecked_ = false; // it is what the others are compared with
  receiving_.reset();
  noop_ = log_.last() + 1;
  in_sync_.confirm(record_.in_sync);
  track_followers(now);
  log_.append(epoch_, 1);
  act(append_noop{log_.end(), branch_});
  lift_fence();
  feed_all(now);
  advance(now);
}

/// Goes by a newer record of its own epoch.
void replica_machine::adopt_record(local_time now) {
  auto is_in = record_.find_in_sync(options_.self);
  if (record_.leader != options_.self || !is_in) return follow_record(now);
  if (noop_ == 0) return; // begins with it later
  in_sync_.confirm(record_.in_sync);
  track_followers(now);
  advance(now);
}

void replica_machine::track_followers(local_time now) {
  std::erase_if(followers_, [&](const auto& x) { return !record_.has(x.id); });
  auto track = [&](member_id member) {
    if (member == options_.self || find(member)) return;
    followers_.emplace_back(member, log_.last() + 1, options_, now);
    probe(followers_.back(), now);
  };
  for (auto x : record_.replicas) track(x);
  for (auto x : record_.adding) track(x);
  for (const auto& x : record_.in_sync) track(x.member);
}

follower_progress* replica_machine::find(member_id member) {
  auto found = std::ranges::find(followers_, member, &follower_progress::id);
  return found == followers_.end() ? nullptr : &*found;
}

const follower_progress* replica_machine::find(member_id member) const {
  auto found = std::ranges::find(followers_, member, &follower_progress::id);
  return found == followers_.end() ? nullptr : &*found;
}

// -- appending and confirming

bool replica_machine::have_space() const {
  auto has = [&](const in_sync_member& x) {
    auto at = find(x.member);
    return !at || !at->is_known || at->state.has_space;
  };
  return has_space_ && std::ranges::all_of(in_sync_.effective(), has);
}

append_answer replica_machine::on_append(
  std::uint32_t count, local_time now, append_kind kind) {
  if (!is_leading()) return {refusal::not_leader};
  auto gives_away =
    move_ && (move_->is_drained || move_->how == move_kind::forced);
  if (role_ == replica_role::recovering || gives_away)
    return {refusal::not_ready};
  if (kind == append_kind::adds && !have_space()) return {refusal::no_space};
  auto open = log_.last() - committed_;
  if (open + count > options_.uncommitted_entries) return {refusal::too_many};
  auto first = log_.last() + 1;
  log_.append(epoch_, count);
  feed_all(now);
  return {refusal::none, first, epoch_, branch_};
}

log_index replica_machine::match_of(const in_sync_member& member) const {
  if (member.member == options_.self) return synced_;
  auto x = find(member.member);
  if (!x || !x->is_known) return 0;
  auto counts =
    !options_.rules.binds_to_store || in_sync_.counts(x->id, x->state.store);
  return counts ? x->match : 0;
}

/// Rule R1: what all of the effective in-sync set have on disk, as long as
/// there are enough of them.
log_index replica_machine::confirmable() const {
  if (in_sync_.smallest() < min_in_sync()) return 0;
  if (options_.rules.confirms_by_all) {
    auto least = synced_;
    auto waits_for = joining_ ? find(joining_->who) : nullptr;
    if (waits_for) least = std::min(least, waits_for->match);
    for (const auto& x : in_sync_.effective())
      least = std::min(least, match_of(x));
    return least;
  }
  auto all = std::vector<log_index>{};
  for (const auto& x : in_sync_.effective()) all.push_back(match_of(x));
  std::ranges::sort(all, std::greater{});
  return all[min_in_sync() - 1];
}

/// Called whenever something that confirms rest on has changed.
void replica_machine::advance(local_time now) {
  if (noop_ == 0) return;
  auto up_to = confirmable();
  // Only an entry of its own epoch shows that no other leader's can come in
  // between; with it all older ones are confirmed.
  if (up_to >= noop_ && up_to > committed_) {
    committed_ = up_to;
    act(commit{up_to});
  }
  progress_role(now);
  progress_move(now);
  refresh_window();
}

void replica_machine::progress_role(local_time now) {
  if (role_ == replica_role::recovering && noop_ > 0 && committed_ >= noop_)
    become(replica_role::accepting);
  if (role_ != replica_role::accepting || now < fenced_until_) return;
  reached_processing_ = true;
  become(replica_role::processing);
}

/// Computes until when the promises of all others in sync reach.
void replica_machine::refresh_window() {
  window_ = {};
  auto may_handle =
    role_ == replica_role::accepting || role_ == replica_role::processing;
  if (!may_handle || in_sync_.smallest() < min_in_sync()) return;
  auto until = local_time::max();
  for (const auto& x : in_sync_.effective()) {
    if (x.member == options_.self) continue;
    auto from = find(x.member);
    if (!from || from->acked_sent_at == local_time::min()) return;
    until = std::min(until, options_.lease.handle_until(from->acked_sent_at));
  }
  window_ = {fenced_until_, until};
}

// -- answers of followers

void replica_machine::on_message(
  member_id from, const ack& what, local_time now) {
  auto x = find(from);
  if (!x || what.epoch != epoch_ || what.match > log_.last()) return;
  if (!x->hear(what.state, what.sent_at, options_, now)) return;
  x->on_match(what.match, options_, now);
  x->acked_sent_at = std::max(x->acked_sent_at, what.sent_at);
  x->note_lag(log_.last(), now);
  if (!takes_entries(*x)) x->rewind(x->match + 1);
  feed(*x, now);
  compare(*x, now);
  if (joining_ && joining_->who == from) consider_in_sync(now);
  advance(now);
}

void replica_machine::on_message(
  member_id from, const reject& what, local_time now) {
  if (!is_leading() || what.epoch < epoch_) return;
  if (what.epoch > epoch_) {
    // There is another leader. The epoch is not taken over: the record may
    // say that the other leader is this member.
    step_down();
    leader_ = nobody;
    return act(read_record{});
  }
  auto x = find(from);
  if (!x || !x->hear(what.state, what.sent_at, options_, now)) return;
  // Only what was asked last counts; while a checkpoint is under way, that.
  auto asked = x->checkpoint_ ? x->checkpoint_->at.index : x->next - 1;
  auto is_asked =
    what.previous.index == asked || (!x->is_probing && !x->checkpoint_);
  auto is_common = log_.has(what.hint);
  auto is_ahead = is_common && what.hint.index > x->match;
  auto is_old = !x->checkpoint_ && what.previous.index <= x->match && !is_ahead;
  if (!is_asked || is_old) return;
  x->checkpoint_.reset();
  auto base = log_.base().index;
  if (!is_common && std::min(what.hint.index + 1, what.previous.index) <= base)
    return begin_checkpoint(*x, now);
  auto limit = is_common ? what.hint.index : what.previous.index - 1;
  x->rewind(
    log_.last_up_to(what.hint.epoch, std::min(limit, what.hint.index)) + 1);
  if (x->next <= base) return begin_checkpoint(*x, now);
  probe(*x, now);
}

void replica_machine::on_message(
  member_id from, const chunk_ack& what, local_time now) {
  auto x = find(from);
  if (!x || what.epoch != epoch_) return;
  if (!x->hear(what.state, what.sent_at, options_, now)) return;
  if (!x->checkpoint_ || x->checkpoint_->at != what.at) return;
  if (x->checkpoint_->next == what.wanted) return; // under way
  x->checkpoint_->next = what.wanted;
  x->backoff = options_.resend_after;
  send_piece(*x, now);
}

void replica_machine::on_connected(member_id peer, local_time now) {
  auto x = find(peer);
  if (!x) return;
  x->backoff = options_.resend_after;
  x->comparison_.reset(); // it may have been started again
  if (x->checkpoint_) return send_piece(*x, now);
  x->rewind(x->is_known ? x->match + 1 : log_.last() + 1);
  probe(*x, now);
}

/// Whoever publishes need not wait for one that is known to be gone.
void replica_machine::on_unreachable(member_id peer, local_time now) {
  auto x = find(peer);
  if (!x || !is_leading()) return;
  auto long_ago = now - options_.silent_after - local_span{1};
  x->heard_at = std::min(x->heard_at, long_ago);
}

void replica_machine::on_tick(local_time now) {
  ask_if_due(now);
  if (!is_leading() || noop_ == 0) return;
  for (auto& x : followers_) beat(x, now);
  consider_in_sync(now);
  look_into_swap(now);
  give_up_move_if_late(now);
  seek_heir(now);
  trim_leading(now);
  advance(now);
}

} // namespace troupe::cluster

#include "engine/cluster/replica_machine.hpp"

#include <algorithm>

namespace troupe::cluster {

// -- entries

void replica_machine::feed_all(local_time now) {
  for (auto& x : followers_) feed(x, now);
}

/// False for a full disk, unless confirms wait for it all the same.
bool replica_machine::takes_entries(const follower_progress& x) const {
  return x.state.has_space || in_sync_.counts(x.id, x.state.store);
}

/// Sends what the follower lacks, as far as its window goes.
void replica_machine::feed(follower_progress& to, local_time now) {
  if (to.is_probing || to.checkpoint_ || !takes_entries(to)) return;
  if (to.next <= log_.base().index) return begin_checkpoint(to, now);
  while (to.has_room(options_) && to.next <= log_.last())
    send(to, sendable(to), now);
}

/// Counts the entries of one epoch that the next append can take.
log_index replica_machine::sendable(const follower_progress& to) const {
  auto run = log_.run_end(to.next) - to.next + 1;
  auto room = options_.window_entries - (to.next - 1 - to.match);
  return std::min({run, room, log_index{options_.append_entries}});
}

void replica_machine::send(
  follower_progress& to, log_index count, local_time now) {
  auto what = append{};
  what.epoch = epoch_;
  what.revision = revision_;
  what.previous = log_.mark(to.next - 1);
  what.entries_epoch = count > 0 ? log_.epoch_at(to.next) : 0;
  what.count = static_cast<std::uint32_t>(count);
  what.committed = committed_;
  what.trim_to = log_.base().index;
  what.sent_at = now;
  act(send_append{to.id, what});
  to.on_sent(to.next - 1 + count, now);
}

void replica_machine::on_sent(
  member_id to, const append& what, std::uint32_t count, std::uint64_t bytes) {
  auto x = find(to);
  auto before = what.previous.index;
  if (x) x->on_gone(before, before + what.count, before + count, bytes);
}

void replica_machine::on_sendable(member_id to, local_time now) {
  auto x = find(to);
  if (!x) return;
  x->go_on();
  feed(*x, now);
}

std::uint64_t replica_machine::byte_room(member_id to) const {
  auto x = find(to);
  if (!x) return 0;
  return options_.window_bytes
         - std::min(options_.window_bytes, x->bytes_in_flight());
}

bool replica_machine::is_next(member_id to, const append& what) const {
  auto x = find(to);
  return x && what.previous.index < x->next;
}

/// Asks whether the follower has what comes before `next`; where that is
/// trimmed, what it has at all. No checkpoint is for one that does not answer.
void replica_machine::probe(follower_progress& to, local_time now) {
  if (to.checkpoint_) return;
  if (to.next <= log_.base().index) to.rewind(log_.last() + 1);
  send(to, 0, now);
}

/// Does what time asks for: heartbeats, sending again, comparing.
void replica_machine::beat(follower_progress& to, local_time now) {
  auto is_due = now >= to.resend_at;
  if (is_due) to.backoff = std::min(to.backoff * 2, options_.resend_most);
  if (to.checkpoint_) {
    if (is_due) send_piece(to, now);
    return;
  }
  if (is_due) to.rewind(to.match + 1);
  auto is_idle = now >= to.sent_at + options_.lease.heartbeat();
  if (is_due || is_idle) probe(to, now);
  compare(to, now);
}

/// Has a follower compare what it had when it came back. What it gets from
/// then on it has checked; and the same is asked for until it is done.
void replica_machine::compare(follower_progress& with, local_time now) {
  auto& what = with.comparison_;
  if (!with.state.is_unchecked) return what.reset();
  if (with.is_probing) return;
  if (what && now < what->asked_at + 2 * options_.resend_after) return;
  if (!what) {
    auto kept = std::min(with.match, options_.compared_entries);
    auto first = std::max(with.match - kept, log_.base().index) + 1;
    what = follower_progress::comparison{first, with.match, now};
  }
  what->asked_at = now;
  act(compare_logs{with.id, epoch_, what->first, what->last});
}

// -- checkpoints

/// Begins to send all that is committed, since entries that the follower
/// lacks are trimmed. It is taken in order with the commits told before.
void replica_machine::begin_checkpoint(follower_progress& to, local_time now) {
  if (to.checkpoint_) return; // sent again in time
  auto index = options_.rules.trims_committed ? committed_ : log_.last();
  to.checkpoint_ = follower_progress::checkpoint{log_.mark(index), 0};
  to.near_at = now;
  send_piece(to, now);
}

void replica_machine::send_piece(follower_progress& to, local_time now) {
  auto what = chunk{};
  what.epoch = epoch_;
  what.revision = revision_;
  what.at = to.checkpoint_->at;
  what.number = to.checkpoint_->next;
  what.sent_at = now;
  act(send_chunk{to.id, what});
  to.sent_at = now;
  to.resend_at = now + to.backoff;
}

void replica_machine::on_checkpoint_later(member_id follower, local_time now) {
  auto x = find(follower);
  if (!x || !x->checkpoint_ || x->checkpoint_->next > 0) return;
  x->checkpoint_->at = log_.mark(committed_); // more is trimmed meanwhile
  x->backoff = options_.resend_after;
  x->resend_at = now + options_.ask_again_after;
}

void replica_machine::on_checkpoint_gone(member_id follower, local_time now) {
  auto x = find(follower);
  if (!x || !x->checkpoint_) return;
  x->checkpoint_.reset();
  begin_checkpoint(*x, now);
}

} // namespace troupe::cluster

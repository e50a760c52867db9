#include "engine/base/id_text.hpp"
#include "engine/cluster/replica_machine.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

// -- whom to follow

/// Answers whether what came is of the leader to follow. An epoch that is
/// new is entered, one that is over rejected.
bool replica_machine::accept_leader(
  member_id from,
  epoch_number epoch,
  revision_number revision,
  local_time now) {
  auto is_deaf = role_ == replica_role::offline || is_dropping_ || installing_;
  if (is_deaf) return false;
  if (epoch > epoch_) {
    step_down();
    enter_epoch(epoch);
    settle_role();
  }
  auto is_other = leader_ != nobody && leader_ != from;
  if (is_leading() || (is_other && options_.rules.checks_epoch)) return false;
  if (std::exchange(followed_epoch_, epoch) != epoch) {
    matched_ = 0;
    owes_ack_ = false;
    owed_reject_.reset();
  }
  leader_ = from;
  leader_heard_at_ = now;
  heard_revision_ = std::max(heard_revision_, revision);
  return true;
}

void replica_machine::on_message(
  member_id from, const append& what, local_time now) {
  if (what.epoch < epoch_ && options_.rules.checks_epoch)
    return answer_reject(from, what.previous, what.sent_at, now);
  auto is_sound =
    what.count == 0
    || (what.entries_epoch >= what.previous.epoch && what.entries_epoch <= what.epoch);
  if (!is_sound) return;
  if (!accept_leader(from, what.epoch, what.revision, now)) return;
  if (!fits(what.previous)) {
    owe_reject(what.previous, what.sent_at);
    return flush_answers(now);
  }
  if (!take_entries(what)) return;
  owed_sent_at_ =
    owes_ack_ ? std::max(owed_sent_at_, what.sent_at) : what.sent_at;
  owes_ack_ = true;
  // A heartbeat does not wait for the disk: the lease hangs on it.
  if (what.count == 0 || synced_ >= matched_) flush_answers(now);
}

// -- entries

bool replica_machine::fits(log_mark previous) const {
  if (options_.rules.checks_previous) return log_.has(previous);
  return previous.index >= committed_ && previous.index <= log_.last();
}

/// Returns the last entry that could be the leader's as well, when `previous`
/// is and is not here. Both sides go down by what the other one says, so they
/// meet after a round for each epoch in which they differ.
log_mark replica_machine::nearest(log_mark previous) const {
  return log_.mark(log_.last_up_to(previous.epoch, previous.index));
}

/// Takes what is new. False where that would undo what is committed.
bool replica_machine::take_entries(const append& what) {
  auto first = what.previous.index + 1;
  auto takes = has_space_ || role_ == replica_role::follower;
  auto last = what.previous.index + (takes ? what.count : 0);
  auto checks = options_.rules.checks_previous;
  auto at = checks ? log_.first_other(first, what.entries_epoch) : first;
  auto conflicts = at <= log_.last() && (at <= last || !checks);
  if (conflicts && at <= committed_ && checks) {
    act(abort_process{
      "entry " + std::to_string(at) + " is committed here and member "
      + id_text(leader_)
      + " has another; stop the group and compare both stores"});
    return false;
  }
  if (conflicts) cut(at);
  if (at <= last) write(at, last, what.entries_epoch);
  matched_ = std::max(matched_, last);
  auto up_to = std::min(what.committed, matched_);
  if (up_to > committed_) act(commit{committed_ = up_to});
  auto bound = options_.rules.trims_committed ? committed_ : log_.last();
  trim_to(std::min({what.trim_to, bound, synced_}));
  return true;
}

void replica_machine::cut(log_index first) {
  log_.truncate(first);
  synced_ = std::min(synced_, first - 1);
  matched_ = std::min(matched_, first - 1);
  ++branch_;
  act(truncate{first});
}

void replica_machine::write(
  log_index first, log_index last, epoch_number epoch) {
  log_.append(epoch, last - first + 1);
  act(write_entries{first, last, branch_});
}

// -- answers

void replica_machine::answer_reject(
  member_id to, log_mark previous, local_time sent_at, local_time now) {
  if (persisted_epoch_ < epoch_ || role_ == replica_role::offline) return;
  auto answer =
    reject{epoch_, previous, nearest(previous), sent_at, own_state()};
  send_answer(send_reject{to, answer}, now);
}

void replica_machine::owe_reject(log_mark previous, local_time sent_at) {
  owed_reject_ =
    reject{followed_epoch_, previous, nearest(previous), sent_at, own_state()};
}

/// Sends what is owed, unless the epoch could still be forgotten.
void replica_machine::flush_answers(local_time now) {
  if (persisted_epoch_ < epoch_ || role_ == replica_role::offline) return;
  if (owed_reject_)
    send_answer(send_reject{leader_, *std::exchange(owed_reject_, {})}, now);
  if (!owes_ack_) return;
  auto match = std::min(matched_, synced_);
  owes_ack_ = match < matched_;
  auto answer = ack{followed_epoch_, match, owed_sent_at_, own_state()};
  send_answer(send_ack{leader_, answer}, now);
}

/// Sends an answer and remembers what it promises: not to handle for a while.
void replica_machine::send_answer(replica_action answer, local_time now) {
  fenced_until_ = std::max(fenced_until_, options_.lease.fenced_until(now));
  act(std::move(answer));
}

} // namespace troupe::cluster

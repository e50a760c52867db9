#include "engine/cluster/replica_machine.hpp"

#include <utility>

namespace troupe::cluster {

// -- giving away

void replica_machine::on_move(member_id to, move_kind how, local_time now) {
  auto may = role_ == replica_role::processing
             || (how == move_kind::forced && role_ == replica_role::accepting);
  auto x = find(to);
  auto fits = x && x->is_known && record_.is_in_sync(to, x->state.store)
              && x->state.has_space;
  if (!may || !fits) return act(move_ended{move_result::refused});
  move_ = move{to, how, now + options_.drain_timeout};
  become(replica_role::draining);
  advance(now);
}

void replica_machine::on_drained(local_time now) {
  if (!move_ || !is_leading()) return;
  move_->is_drained = true;
  advance(now);
}

/// Returns who has most of the group, of those that could lead it at once.
const follower_progress* replica_machine::heir(local_time now) const {
  auto best = static_cast<const follower_progress*>(nullptr);
  for (const auto& x : followers_) {
    auto is_fit = record_.is_in_sync(x.id, x.state.store) && x.state.has_space
                  && !x.is_silent(options_.silent_after, now);
    if (is_fit && (!best || x.match > best->match)) best = &x;
  }
  return best;
}

void replica_machine::on_resign(local_time now) {
  if (move_) return; // under way already
  auto to = heir(now);
  if (!to) return act(move_ended{move_result::refused});
  on_move(to->id, move_kind::forced, now);
}

/// Gives the group away as long as the disk is full, once there is somebody.
void replica_machine::seek_heir(local_time now) {
  auto may =
    role_ == replica_role::accepting || role_ == replica_role::processing;
  if (has_space_ || !may || move_ || swap_) return;
  if (auto to = heir(now)) on_move(to->id, move_kind::forced, now);
}

/// Swaps the leader in the record once the other has all.
void replica_machine::progress_move(local_time now) {
  if (!move_ || swap_ || !is_leading()) return;
  auto x = find(move_->to);
  auto is_fit = x && record_.is_in_sync(x->id, x->state.store);
  if (!is_fit) {
    end_move(move_result::refused);
    return progress_role(now);
  }
  auto has_all = committed_ == log_.last() && x->match == log_.last();
  auto is_ready = move_->is_drained && has_all;
  if (!is_ready && move_->how == move_kind::patient) return;
  auto wanted = record_;
  wanted.epoch = epoch_ + 1;
  wanted.leader = move_->to;
  auto is_patient = move_->how == move_kind::patient;
  wanted.cause = is_patient ? record_cause::move : record_cause::resignation;
  propose(std::move(wanted));
}

/// Calls a move off, unless the record may have changed already.
void replica_machine::give_up_move_if_late(local_time now) {
  if (!move_ || swap_ || now < move_->deadline) return;
  end_move(move_result::timed_out);
  progress_role(now);
}

void replica_machine::end_move(move_result how) {
  move_.reset();
  act(move_ended{how});
  if (role_ == replica_role::draining) become(replica_role::accepting);
}

/// Tells the next leader, by the record, that it need not wait: nothing is
/// being handled here, and whoever led before was outwaited.
void replica_machine::hand_over() {
  if (!move_ || record_.epoch != epoch_ + 1) return;
  auto is_over = reached_processing_ && move_->is_drained;
  if (is_over || !options_.rules.releases_when_drained)
    act(send_release{record_.leader, release{epoch_}});
  auto how =
    record_.leader == move_->to ? move_result::done : move_result::lost;
  move_.reset();
  act(move_ended{how});
}

// -- taking over

void replica_machine::on_message(
  member_id, const release& what, local_time now) {
  released_ = has_released_ ? std::max(released_, what.epoch) : what.epoch;
  has_released_ = true;
  lift_fence();
  advance(now);
}

void replica_machine::lift_fence() {
  if (noop_ == 0 || !has_released_) return;
  auto is_next = released_ + 1 == epoch_;
  if (is_next || !options_.rules.checks_release)
    fenced_until_ = local_time::min();
}

} // namespace troupe::cluster

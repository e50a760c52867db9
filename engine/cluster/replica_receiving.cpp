#include "engine/cluster/replica_machine.hpp"

namespace troupe::cluster {

void replica_machine::on_message(
  member_id from, const chunk& what, local_time now) {
  if (what.epoch < epoch_)
    return answer_reject(from, what.at, what.sent_at, now);
  if (!accept_leader(from, what.epoch, what.revision, now)) return;
  if (has_all(what.at)) {
    // The leader finds out how far the logs agree.
    owe_reject(what.at, what.sent_at);
    return flush_answers(now);
  }
  if (receiving_ && receiving_->is_storing) return; // answered when stored
  if (!receiving_ || receiving_->at != what.at) receiving_ = receiving{what.at};
  if (!has_space_ || what.number != receiving_->next)
    return ask_for_piece(what.sent_at, now);
  receiving_->is_storing = true;
  receiving_->is_last = what.is_last;
  receiving_->sent_at = what.sent_at;
  act(store_chunk{what.at, what.number});
}

void replica_machine::on_chunk_stored(
  log_mark at, std::uint64_t number, local_time now) {
  if (!receiving_ || receiving_->at != at || receiving_->next != number) return;
  if (!receiving_->is_storing || is_dropping_) return;
  receiving_->is_storing = false;
  ++receiving_->next;
  if (!receiving_->is_last || has_all(at))
    return ask_for_piece(receiving_->sent_at, now);
  owed_sent_at_ = receiving_->sent_at;
  receiving_.reset();
  installing_ = at;
  act(install_checkpoint{at});
}

void replica_machine::on_checkpoint_misfit() {
  if (receiving_ && !receiving_->is_storing) receiving_.reset();
}

/// True where the log has what a checkpoint says. Entries behind it may be
/// acked, so it must not replace them.
bool replica_machine::has_all(log_mark at) const {
  return at.index <= committed_ || log_.has(at);
}

void replica_machine::ask_for_piece(local_time sent_at, local_time now) {
  if (persisted_epoch_ < epoch_ || is_leading()) return;
  auto answer = chunk_ack{
    followed_epoch_, receiving_->at, receiving_->next, sent_at, own_state()};
  send_answer(send_chunk_ack{leader_, answer}, now);
}

/// Goes on behind the checkpoint. All in it is committed, so the log of any
/// later leader has it.
void replica_machine::on_installed(log_mark at, local_time now) {
  if (!installing_ || *installing_ != at || is_dropping_) return;
  installing_.reset();
  log_ = epoch_runs{at};
  synced_ = matched_ = at.index;
  owed_reject_.reset();
  ++branch_;
  is_unchecked_ = false; // nothing is left of what it had
  act(commit{committed_ = at.index});
  owes_ack_ = true;
  flush_answers(now);
}

} // namespace troupe::cluster

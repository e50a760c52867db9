#include "engine/cluster/replica_machine.hpp"

#include <algorithm>
#include <utility>

namespace troupe::cluster {

replica_machine::replica_machine(
  const replica_options& options, const kept_log& kept, local_time now)
  : options_{options},
    persisted_epoch_{kept.epoch},
    log_{kept.runs},
    epoch_{kept.epoch},
    synced_{kept.runs.last()},
    committed_{kept.runs.base().index},
    is_unchecked_{!kept.was_stopped_cleanly && kept.runs.last() > 0},
    // What it acked before it stopped is not known: as if it were just now.
    fenced_until_{options.lease.fenced_until(now)} {
  if (!options.rules.keeps_confirmed_set) in_sync_.trust_proposals();
  if (!kept.partial) return;
  // The last piece kept may be the last of all; it is asked for again.
  auto next = kept.partial->next;
  receiving_ = receiving{kept.partial->at, next > 0 ? next - 1 : 0};
}

void replica_machine::take_actions(std::vector<replica_action>& into) {
  into.clear();
  std::swap(into, out_);
}

// -- the record

void replica_machine::on_record(
  const group_record& record, revision_number revision, local_time now) {
  // A leader that goes by a newer one has said so: this one is over.
  if (is_dropping_ || revision < heard_revision_) return;
  if (revision > revision_) return take_record(record, revision, now);
  if (!swap_ || !swap_->is_unknown || revision < swap_->expected) return;
  // It has not happened so far, and may still. Asking for the same again is
  // safe: of two with one expected revision, at most one happens.
  swap_->is_unknown = false;
  act(compare_and_swap{swap_->number, swap_->expected, swap_->record});
}

void replica_machine::take_record(
  const group_record& record, revision_number revision, local_time now) {
  if (record.epoch < epoch_) return;
  revision_ = revision;
  ask_at_ = local_time::max();
  record_ = record;
  swap_.reset(); // it has happened, or cannot any more
  if (!record.has(options_.self)) return leave();
  if (record.epoch == epoch_ && is_leading()) return adopt_record(now);
  if (record.epoch == epoch_) return follow_record(now);
  hand_over();
  step_down();
  enter_epoch(record.epoch);
  auto is_bound = options_.rules.binds_to_store;
  auto is_electable = is_bound
                        ? record.is_in_sync(options_.self, options_.store)
                        : record.find_in_sync(options_.self) != nullptr;
  if (record.leader != options_.self || !is_electable || installing_)
    return follow_record(now);
  leader_ = options_.self;
  become(replica_role::recovering);
  begin_leading(now);
}

void replica_machine::follow_record(local_time now) {
  step_down();
  leader_ = record_.leader;
  settle_role();
  // Nobody leads, or it would have to lead an epoch it does not remember.
  if (leader_ == nobody || leader_ == options_.self) ask_at_ = now;
  ask_if_due(now);
}

/// Asks until the record changes: nobody may be there yet who decides.
void replica_machine::ask_if_due(local_time now) {
  if (now < ask_at_) return;
  ask_at_ = now + options_.ask_for_leader_after;
  act(ask_for_leader{epoch_});
}

/// Tells follower from learner.
void replica_machine::settle_role() {
  become(
    record_.is_in_sync(options_.self, options_.store) ? replica_role::follower
                                                      : replica_role::learner);
}

void replica_machine::leave() {
  step_down();
  become(replica_role::offline);
  if (log_.last() == 0 && !receiving_ && !installing_) return;
  is_dropping_ = true;
  act(drop_log{});
}

void replica_machine::on_dropped(local_time) {
  log_ = epoch_runs{};
  synced_ = committed_ = trimmable_ = matched_ = 0;
  ++branch_;
  receiving_.reset();
  installing_.reset();
  is_unchecked_ = false;
  is_dropping_ = false;
  act(read_record{}); // it may have been taken on again meanwhile
}

void replica_machine::enter_epoch(epoch_number epoch) {
  epoch_ = epoch;
  leader_ = nobody;
  act(persist_epoch{epoch});
}

void replica_machine::on_epoch_persisted(epoch_number epoch, local_time now) {
  persisted_epoch_ = std::max(persisted_epoch_, epoch);
  if (is_leading()) return begin_leading(now);
  flush_answers(now);
}

// -- roles

void replica_machine::become(replica_role role) {
  if (std::exchange(role_, role) != role) act(became{role, epoch_});
}

void replica_machine::step_down() {
  if (!is_leading()) return;
  noop_ = 0;
  reached_processing_ = false;
  followers_.clear();
  swap_.reset();
  joining_.reset();
  in_sync_.confirm({});
  window_ = {};
  settle_role();
  if (move_) end_move(move_result::lost);
}

follower_state replica_machine::own_state() const {
  return {options_.store, is_unchecked_, has_space_};
}

// -- the store

void replica_machine::on_synced(
  std::uint64_t branch, log_index up_to, local_time now) {
  if (branch != branch_) return; // what it tells of was cut off since
  synced_ = std::max(synced_, std::min(up_to, log_.last()));
  if (is_leading()) return advance(now);
  flush_answers(now);
}

void replica_machine::on_space(bool has_space, local_time now) {
  if (std::exchange(has_space_, has_space) == has_space) return;
  seek_heir(now);
}

void replica_machine::on_compared(
  epoch_number epoch, bool is_equal, local_time now) {
  auto is_over = epoch != followed_epoch_ || is_leading() || is_dropping_;
  if (is_over || !is_unchecked_) return; // it is another log since, maybe
  if (is_equal) {
    is_unchecked_ = false;
    owes_ack_ |= matched_ > 0; // the leader waits to hear it
    return flush_answers(now);
  }
  step_down();
  become(replica_role::offline);
  is_dropping_ = true; // nothing is acked from this disk any more
  act(replace_store{});
}

} // namespace troupe::cluster

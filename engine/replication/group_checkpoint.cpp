#include "engine/replication/group_replica.hpp"

#include <algorithm>

// group_replica: checkpoints, to followers and from the leader.

namespace troupe {

using namespace cluster;

namespace {

log_mark mark_of(const checkpoint_id& x) { return {x.epoch, x.index}; }

// Steps of an install beside one for each piece: begin, log, state, end.
constexpr std::uint64_t other_steps = 4;

} // namespace

// -- as a leader

/// One job a follower: what is under way is not asked for again.
void group_replica::carry_out(const send_chunk& what) {
  auto& x = cutting_[what.to];
  auto is_same = x.number > 0 && x.what.at == what.what.at
                 && x.what.number == what.what.number
                 && x.what.epoch == what.what.epoch;
  x.what = what.what;
  if (is_same) return;
  x.number = ++cuts_;
  out_.pieces.push_back({x.number, what.to, what.what.at, what.what.number});
}

void group_replica::on_piece(
  std::uint64_t number, const piece_answer& what, local_time now) {
  auto is_it = [&](const auto& x) { return x.second.number == number; };
  auto found = std::ranges::find_if(cutting_, is_it);
  if (found == cutting_.end()) return; // another one is wanted by now
  auto to = found->first;
  auto head = found->second.what;
  cutting_.erase(found);
  auto is_ours = is_leader(machine_.role()) && machine_.epoch() == head.epoch;
  if (is_ours && what.how == piece_answer::state::gone)
    machine_.on_checkpoint_gone(to, now);
  if (is_ours && what.how == piece_answer::state::later)
    machine_.on_checkpoint_later(to, now);
  if (is_ours && what.how == piece_answer::state::cut) {
    head.is_last = what.is_last;
    send(to, full_chunk{head, what.bytes});
  }
  obey(now);
}

// -- as a follower

void group_replica::carry_out(const send_chunk_ack& what) {
  send(what.to, what.what);
}

/// A piece that is damaged, or not what the message says, is as good as lost.
void group_replica::take(
  member_id from, const full_chunk& what, local_time now) {
  auto piece = decode_piece(what.bytes);
  if (!piece) return;
  const auto& of = piece->head.of;
  auto is_sound = of.group == options_.group && mark_of(of) == what.head.at
                  && piece->head.number == what.head.number
                  && piece->head.is_last == what.head.is_last;
  if (!is_sound) return;
  if (what.head.epoch >= machine_.epoch() && !fits(piece->head))
    machine_.on_checkpoint_misfit();
  auto incoming = incoming_piece{what, std::move(*piece)};
  incoming_piece_ = &incoming;
  machine_.on_message(from, what.head, now);
  obey(now);
  incoming_piece_ = nullptr;
}

/// True where a piece is of what is kept, or begins something else.
bool group_replica::fits(const piece_head& with) const {
  if (!kept_) return with.number == 0;
  auto is_other = mark_of(kept_->of) != mark_of(with.of);
  return kept_->of == with.of || (is_other && with.number == 0);
}

void group_replica::carry_out(const store_chunk& what) {
  const auto& piece = incoming_piece_->read;
  if (what.number == 0) {
    auto applied = decode_applied_mark(piece.items.at(0).value);
    kept_ = partial_checkpoint{piece.head.of, 0, std::move(applied.value())};
  }
  kept_->next = std::max(kept_->next, what.number + 1);
  job_.pieces.emplace_back(incoming_piece_->what.bytes);
  told_.piece = {what.at, what.number};
  has_job_ = job_.sync = true;
}

/// From here on what the group had is nothing any more; the store does it in
/// steps, so that it can write for other groups between them.
void group_replica::carry_out(const install_checkpoint& what) {
  close_job();
  installing_ = what.at;
  forget_log();
  auto steps = kept_->next + other_steps;
  for (std::uint64_t i = 1; i <= steps; ++i) {
    auto step = no_job();
    step.installs.push_back({options_.group, i == steps});
    out_.writes.push_back({++jobs_, std::move(step)});
    writing_.emplace_back(jobs_, written{});
  }
  writing_.back().second.installed = what.at;
}

/// Forgets what entries brought about, and what is under way.
void group_replica::forget_log() {
  reading_.clear();
  comparison_.reset();
  is_reading_to_apply_ = false;
  effects_ = {};
  has_new_erases_ = false;
  to_erase_.clear();
  stored_ = committed_ = applied_ = marked_ = offered_ = ended_ = 0;
  for (auto& [number, x] : writing_) {
    x.stored = x.applied = 0;
    x.installed.reset();
  }
}

/// Goes on behind a checkpoint that is in the store, unless it was dropped.
void group_replica::begin_at(log_mark at) {
  if (installing_ != at) return;
  installing_.reset();
  tail_.reset(at.index);
  stored_ = at.index;
  applied_ = marked_ = ended_ = offered_ = kept_->applied.index;
  to_erase_ = index_runs{kept_->applied.to_erase};
  kept_.reset();
}

/// The log has caught up in another way.
void group_replica::drop_pieces() {
  kept_.reset();
  job_.piece_drops.push_back(options_.group);
  has_job_ = true;
}

} // namespace troupe

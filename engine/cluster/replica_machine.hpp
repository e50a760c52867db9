#pragma once

#include "engine/cluster/epoch_runs.hpp"
#include "engine/cluster/follower_progress.hpp"
#include "engine/cluster/in_sync_set.hpp"
#include "engine/cluster/replica_actions.hpp"
#include "engine/cluster/replica_options.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::cluster {

/// What a store kept of a group, as a machine starts from it.
struct kept_log {
  epoch_number epoch = 0; // the highest persisted
  epoch_runs runs;        // all entries; the base is the last trim
  bool was_stopped_cleanly = true;
  /// A checkpoint received in part: the piece wanted next.
  std::optional<follower_progress::checkpoint> partial = {};
};

/// The answer to a leader's own entries.
struct append_answer {
  refusal why = refusal::none;
  log_index first = 0;      // index of the first, where they were taken
  epoch_number epoch = 0;   // to be written with each
  std::uint64_t branch = 0; // to be told in `on_synced`
  bool operator==(const append_answer&) const = default;
};

/// What entries do to a disk that is nearly full.
enum class append_kind : std::uint8_t {
  adds,    // messages: they wait until there is room
  settles, // little, and lets go of what is there: always taken
};

enum class move_kind : std::uint8_t {
  patient, // handlers end first; the next leader need not wait
  forced,  // at once; the next leader waits for the fence
};

/// The rules of one group's replication on one member (docs/cluster.md): what
/// is written, sent, acked and confirmed, who leads, and when handlers may be
/// started. Knows entries by index and epoch alone.
///
/// Holds no clock, socket or disk: the shell tells it what happened, with the
/// member's local time, and carries out what `take_actions` lists, in order.
/// What it says is on disk must be.
class replica_machine {
public:
  replica_machine(
    const replica_options& options, const kept_log& kept, local_time now);

  // -- of the coordinator

  /// The record as it was read or watched, however late.
  void on_record(
    const group_record& record, revision_number revision, local_time now);

  void
  on_swapped(std::uint64_t number, revision_number revision, local_time now);
  void on_swap_conflict(
    std::uint64_t number,
    const group_record& current,
    revision_number revision,
    local_time now);

  /// It may have happened or may happen yet; the machine asks until it knows.
  void on_swap_unknown(std::uint64_t number, local_time now);

  // -- of the store

  void on_epoch_persisted(epoch_number epoch, local_time now);

  /// Entries up to this index, as written in this branch, are on disk.
  void on_synced(std::uint64_t branch, log_index up_to, local_time now);

  void on_dropped(local_time now);
  void on_chunk_stored(log_mark at, std::uint64_t number, local_time now);
  void on_installed(log_mark at, local_time now);

  /// What was stored of a checkpoint does not fit what is sent now: it is
  /// asked for from the first piece on.
  void on_checkpoint_misfit();

  /// Tells whether the disk has room for more. While it has not, messages are
  /// refused, the group is given to a member in sync that has, and a follower
  /// takes entries only where confirms wait for it.
  void on_space(bool has_space, local_time now);

  /// All that entries up to here said is also elsewhere; they may go.
  void on_trimmable(log_index up_to, local_time now);

  // -- of this member

  /// Takes `count` entries of its own at the end of the log, to be written
  /// and told by `on_synced`.
  append_answer on_append(
    std::uint32_t count, local_time now, append_kind kind = append_kind::adds);

  /// Gives the group to another member.
  void on_move(member_id to, move_kind how, local_time now);

  /// No handler runs any more and what they settled is in the log.
  void on_drained(local_time now);

  /// Gives the group to whoever has most of it, at once.
  void on_resign(local_time now);

  /// What came of comparing, as the leader of `epoch` asked.
  void on_compared(epoch_number epoch, bool is_equal, local_time now);
  void on_tick(local_time now);

  // -- of other members

  void on_message(member_id from, const append& what, local_time now);
  void on_message(member_id from, const ack& what, local_time now);
  void on_message(member_id from, const reject& what, local_time now);
  void on_message(member_id from, const release& what, local_time now);
  void on_message(member_id from, const chunk& what, local_time now);
  void on_message(member_id from, const chunk_ack& what, local_time now);
  void on_checkpoint_gone(member_id follower, local_time now);

  /// There is no room for another view just now.
  void on_checkpoint_later(member_id follower, local_time now);

  // -- of what was sent

  /// Tells that of an append to a follower so many entries have gone, with so
  /// many bytes: fewer than it has where `byte_room` was too little, or they
  /// are not at hand. The rest is asked for again, after an ack. Where this is
  /// not told all have, and bytes do not count.
  void on_sent(
    member_id to, const append& what, std::uint32_t count, std::uint64_t bytes);

  /// Entries that the follower is to get next are at hand.
  void on_sendable(member_id to, local_time now);

  /// A hint: what was under way is lost, and there is a new connection.
  void on_connected(member_id peer, local_time now);

  /// A hint: no connection to it can be made. It counts as silent from now on,
  /// until it is heard again.
  void on_unreachable(member_id peer, local_time now);

  /// Swaps what is to be done into `into`, whose memory is used again.
  void take_actions(std::vector<replica_action>& into);

  // -- answers

  replica_role role() const { return role_; }
  epoch_number epoch() const { return epoch_; }
  member_id leader() const { return leader_; } // as far as it knows
  const epoch_runs& log() const { return log_; }
  log_index committed() const { return committed_; }
  log_index synced() const { return synced_; }
  const group_record& record() const { return record_; }
  revision_number revision() const { return revision_; }
  const in_sync_set& in_sync() const { return in_sync_; }
  std::uint32_t min_in_sync() const {
    const auto is_said = record_.min_in_sync > 0 && options_.rules.heeds_record;
    return is_said ? record_.min_in_sync : options_.min_in_sync;
  }
  const std::vector<follower_progress>& followers() const { return followers_; }

  /// True where all that confirms wait for have room, as far as is known.
  bool have_space() const;

  /// Returns how many bytes of entries may still be sent to a follower: all
  /// of the window where none are under way, and then one entry fits always.
  std::uint64_t byte_room(member_id to) const;

  /// True where an append still stands behind what is sent to its follower.
  bool is_next(member_id to, const append& what) const;

  /// Returns when handlers may be started, as far as is known now.
  const handling_window& window() const { return window_; }

  /// When the leader was heard last; for suspecting it.
  local_time leader_heard_at() const { return leader_heard_at_; }

private:
  struct swap {
    std::uint64_t number = 0;
    revision_number expected = 0;
    group_record record;
    bool is_unknown = false;
    local_time ask_at{};
  };

  struct move {
    member_id to{};
    move_kind how{};
    local_time deadline;
    bool is_drained = false;
  };

  /// A follower that comes in sync as soon as it has all that is committed;
  /// until then nothing more is, for it could be behind for ever.
  struct joining {
    member_id who{};
    local_time until;
  };

  /// A checkpoint on its way in.
  struct receiving {
    log_mark at;
    std::uint64_t next = 0;
    bool is_storing = false;
    bool is_last = false; // the piece being stored
    local_time sent_at{};
  };

  // roles and record (replica_machine.cpp)
  void become(replica_role role);
  void take_record(
    const group_record& record, revision_number revision, local_time now);
  void leave();
  void enter_epoch(epoch_number epoch);
  void follow_record(local_time now);
  void ask_if_due(local_time now);
  void settle_role();
  void step_down();
  void act(replica_action what) { out_.push_back(std::move(what)); }
  bool is_leading() const { return is_leader(role_); }
  follower_state own_state() const;

  // leading (replica_leading.cpp)
  void begin_leading(local_time now);
  void adopt_record(local_time now);
  void track_followers(local_time now);
  follower_progress* find(member_id member);
  const follower_progress* find(member_id member) const;
  log_index match_of(const in_sync_member& member) const;
  log_index confirmable() const;
  void advance(local_time now);
  void refresh_window();
  void progress_role(local_time now);

  // sending (replica_sending.cpp)
  bool takes_entries(const follower_progress& x) const;
  void feed(follower_progress& to, local_time now);
  void feed_all(local_time now);
  void send(follower_progress& to, log_index count, local_time now);
  log_index sendable(const follower_progress& to) const;
  void probe(follower_progress& to, local_time now);
  void beat(follower_progress& to, local_time now);
  void begin_checkpoint(follower_progress& to, local_time now);
  void send_piece(follower_progress& to, local_time now);
  void compare(follower_progress& with, local_time now);

  // following (replica_following.cpp)
  bool accept_leader(
    member_id from,
    epoch_number epoch,
    revision_number revision,
    local_time now);
  bool take_entries(const append& what);
  bool fits(log_mark previous) const;
  log_mark nearest(log_mark previous) const;
  void write(log_index first, log_index last, epoch_number epoch);
  void cut(log_index first);
  void answer_reject(
    member_id to, log_mark previous, local_time sent_at, local_time now);
  void owe_reject(log_mark previous, local_time sent_at);
  void flush_answers(local_time now);
  void send_answer(replica_action answer, local_time now);

  // receiving checkpoints (replica_receiving.cpp)
  bool has_all(log_mark at) const;
  void ask_for_piece(local_time sent_at, local_time now);

  // the in-sync set (replica_in_sync.cpp)
  void consider_in_sync(local_time now);
  bool can_expand(const follower_progress& x) const;
  bool may_join(const follower_progress& x, local_time now) const;
  void wait_for_one(local_time now);
  bool must_shrink(const in_sync_member& x, local_time now) const;
  void expand(const follower_progress& x);
  void shrink(member_id member);
  void dismiss(member_id member);
  void propose(group_record record);
  void look_into_swap(local_time now);

  // moving (replica_moving.cpp)
  const follower_progress* heir(local_time now) const;
  void seek_heir(local_time now);
  void progress_move(local_time now);
  void end_move(move_result how);
  void hand_over();
  void lift_fence();
  void give_up_move_if_late(local_time now);

  // trimming (replica_trimming.cpp)
  void trim_leading(local_time now);
  void trim_to(log_index index);

  replica_options options_;

  // what is also on disk
  epoch_number persisted_epoch_ = 0;
  epoch_runs log_;

  // of the record
  group_record record_;
  revision_number revision_ = 0;
  revision_number heard_revision_ = 0; // the leader knows this one

  replica_role role_ = replica_role::offline;
  epoch_number epoch_ = 0; // the highest seen
  member_id leader_{};
  log_index synced_ = 0;
  log_index committed_ = 0;
  log_index trimmable_ = 0;
  std::uint64_t branch_ = 0; // how often the log was cut
  bool is_unchecked_ = false;
  bool has_space_ = true;
  bool is_dropping_ = false;

  // the fence
  local_time fenced_until_;
  epoch_number released_ = 0; // the latest epoch whose leader released
  bool has_released_ = false;

  // following
  epoch_number followed_epoch_ = 0; // of the leader heard last
  log_index matched_ = 0;           // as this epoch's leader has it
  bool owes_ack_ = false;
  local_time owed_sent_at_{};
  std::optional<reject> owed_reject_;
  local_time leader_heard_at_ = local_time::min();
  std::optional<receiving> receiving_;
  std::optional<log_mark> installing_;

  // leading
  log_index noop_ = 0;
  bool reached_processing_ = false;
  std::vector<follower_progress> followers_;
  in_sync_set in_sync_;
  std::optional<swap> swap_;
  std::optional<joining> joining_;
  std::uint64_t swaps_ = 0; // numbers them
  std::optional<move> move_;
  handling_window window_;
  local_time ask_at_ = local_time::max(); // for a leader, the next time

  std::vector<replica_action> out_;
};

} // namespace troupe::cluster

#pragma once

#include "engine/cluster/replica_codec.hpp"
#include "engine/cluster/replica_machine.hpp"
#include "engine/replication/entry_tail.hpp"
#include "engine/replication/index_runs.hpp"
#include "engine/store/log_store.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Something to commit for a group, in the order of the numbers. Answered by
/// `on_written`.
struct write_job {
  std::uint64_t number = 0;
  commit_request what;
};

/// Entries to read. Answered by `on_read`.
struct read_job {
  std::uint64_t number = 0;
  log_index from = 0;
  log_index last = 0;
};

/// A piece of a checkpoint to cut. Answered by `on_piece`.
struct piece_job {
  std::uint64_t number = 0;
  cluster::member_id to{};
  cluster::log_mark at;
  std::uint64_t piece = 0;
};

/// What came of a piece job.
struct piece_answer {
  enum class state : std::uint8_t {
    cut,
    gone,  // the view is no more, and a checkpoint begins anew
    later, // there are too many views; it is asked for again
  };
  state how = state::gone;
  std::string bytes;
  bool is_last = false;
};

/// What became of entries that a leader took.
struct ticket_end {
  std::uint64_t ticket = 0;
  /// False: it lost the group, and what became of them is for the next leader
  /// to know.
  bool is_committed = false;
  log_index first = 0; // of the ticket's entries
  bool operator==(const ticket_end&) const = default;
};

/// What a group's replica wants done; within each list in order.
struct replica_work {
  std::vector<write_job> writes;
  std::vector<read_job> reads;
  std::vector<piece_job> pieces;
  std::vector<std::pair<cluster::member_id, std::string>> messages;
  std::vector<ticket_end> ended;
  /// What needs the coordinator, the node or an operator.
  std::vector<cluster::replica_action> others;
};

/// One group's replica on one member: the machine of engine/cluster together
/// with the entries themselves. It turns the machine's actions into commits,
/// reads and messages; and carries out what committed entries bring about,
/// once, in order, on every replica alike.
///
/// Holds no clock, disk or socket. What it wants written is to be written in
/// order; a message may be lost.
class group_replica {
public:
  struct options {
    group_id group{};
    cluster::replica_options machine;
    std::size_t tail_bytes = 4 * 1024 * 1024;
    log_index trim_every = 512; // entries applied, so as not to trim each
  };

  /// Starts from what the store has of the group. Fails where that cannot be
  /// read.
  static result<group_replica>
  open(const options& with, const log_store& store, cluster::local_time now);

  // -- events

  /// Takes entries of this member's own, encoded with `epoch()`. Refused ones
  /// are not stored.
  cluster::refusal append(
    std::vector<encoded_entry> entries,
    std::uint64_t ticket,
    cluster::local_time now);

  void on_message(
    cluster::member_id from,
    const cluster::replica_message& what,
    cluster::local_time now);

  void on_written(std::uint64_t number, cluster::local_time now);

  /// Gets what `log_store::read_raw` gave: fewer entries than asked for are
  /// asked for again.
  void on_read(
    std::uint64_t number,
    const std::vector<log_store::raw_entry>& entries,
    cluster::local_time now);

  /// Gets what `checkpoint_desk::piece` gave.
  void on_piece(
    std::uint64_t number, const piece_answer& what, cluster::local_time now);

  /// Lets an event reach the machine: `tell([&](auto& x) { x.on_tick(now); },
  /// now)`.
  template <class Event>
  void tell(Event event, cluster::local_time now) {
    event(machine_);
    obey(now);
  }

  /// Notes that all that was acked is on disk: the last event.
  void stop();

  replica_work take_work() { return std::exchange(out_, {}); }

  // -- answers

  const cluster::replica_machine& machine() const { return machine_; }
  std::uint64_t epoch() const { return machine_.epoch(); }

  /// The effects of entries up to here are done, or will be when all that was
  /// to be written is.
  log_index applied() const { return applied_; }

private:
  /// What is to be told once a job is done.
  struct written {
    std::optional<cluster::epoch_number> epoch;
    std::optional<std::pair<std::uint64_t, log_index>> synced; // branch, up to
    log_index stored = 0; // entries up to here, unless they were cut since
    log_index applied = 0;
    bool is_dropped = false;
    std::optional<cluster::log_mark> installed = {};
    std::optional<std::pair<cluster::log_mark, std::uint64_t>> piece = {};
  };

  /// A piece under way to a follower.
  struct cutting {
    std::uint64_t number = 0; // of the job
    cluster::chunk what;
  };

  /// A piece that came in.
  struct incoming_piece {
    const cluster::full_chunk& what;
    checkpoint_piece read;
  };

  /// Why entries are read.
  struct sending {
    cluster::member_id to{};
    cluster::epoch_number epoch = 0;
  };
  struct applying {};
  struct summing { // to tell their sums
    cluster::member_id to{};
    cluster::epoch_number epoch = 0;
    log_index from = 0; // of the first
  };
  struct comparing { // with the leader's sums
    cluster::epoch_number epoch = 0;
  };

  /// A comparison with the leader's log: its sums of all entries from `from`
  /// on, as far as they came, and how many of them are known to be equal.
  struct comparison {
    cluster::epoch_number epoch = 0;
    log_index from = 0;
    log_index last = 0;
    std::string sums; // at most 4 bytes for each that is compared
    std::size_t equal = 0;
    bool is_reading = false;
  };
  struct reading {
    log_index from = 0;
    log_index last = 0;
    std::variant<sending, applying, summing, comparing> why;
  };

  /// Entries of the leader's log, read for a follower that is behind.
  struct fetched {
    log_index first = 0;
    std::vector<log_store::raw_entry> entries; // one read's at most
  };

  struct ticket {
    std::uint64_t number = 0;
    log_index first = 0;
    log_index last = 0;
  };

  group_replica(
    const options& with,
    const cluster::kept_log& kept,
    applied_mark applied,
    std::optional<partial_checkpoint> partial,
    cluster::local_time now);

  void take(
    cluster::member_id from,
    const cluster::full_append& what,
    cluster::local_time now);
  void take(
    cluster::member_id from,
    const cluster::full_chunk& what,
    cluster::local_time now);

  // comparing (group_comparing.cpp)
  void compare(const cluster::log_sums& what, cluster::local_time now);
  void compare_on(cluster::local_time now);
  void end_comparison(bool is_equal, cluster::local_time now);
  bool is_equal_so_far(const std::vector<log_store::raw_entry>& entries);

  // the machine's actions
  void obey(cluster::local_time now);
  void carry_out(const cluster::send_append& what);
  void carry_out(const cluster::send_ack& what);
  void carry_out(const cluster::send_reject& what);
  void carry_out(const cluster::send_release& what);
  void carry_out(const cluster::persist_epoch& what);
  void carry_out(const cluster::truncate& what);
  void carry_out(const cluster::write_entries& what);
  void carry_out(const cluster::append_noop& what);
  void carry_out(const cluster::commit& what);
  void carry_out(const cluster::trim& what);
  void carry_out(const cluster::became& what);
  void carry_out(const cluster::compare_logs& what);
  void carry_out(const cluster::drop_log& what);
  void carry_out(const cluster::send_chunk& what);
  void carry_out(const cluster::send_chunk_ack& what);
  void carry_out(const cluster::store_chunk& what);
  void carry_out(const cluster::install_checkpoint& what);
  template <class Other>
  void carry_out(const Other& what) {
    out_.others.push_back(what);
  }

  // messages and reads
  void send(cluster::member_id to, cluster::replica_message what);
  void read(reading what);

  // sending entries (group_sending.cpp)
  std::uint32_t part_to_send(
    cluster::member_id to, const cluster::append& what, std::uint64_t& bytes);
  std::optional<std::size_t>
  size_for(cluster::member_id to, log_index index) const;
  void fetch(cluster::member_id to, const cluster::append& what);
  void
  send_part(cluster::member_id to, cluster::append what, std::uint32_t count);
  void let_go_of_fetched(cluster::member_id to, log_index next);
  void finish(
    const reading& what,
    sending& why,
    const std::vector<log_store::raw_entry>& entries,
    cluster::local_time now);
  void finish(
    const reading& what,
    applying& why,
    const std::vector<log_store::raw_entry>& entries,
    cluster::local_time now);
  void finish(
    const reading& what,
    summing& why,
    const std::vector<log_store::raw_entry>& entries,
    cluster::local_time now);
  void finish(
    const reading& what,
    comparing& why,
    const std::vector<log_store::raw_entry>& entries,
    cluster::local_time now);

  // checkpoints (group_checkpoint.cpp)
  void forget_log();
  void begin_at(cluster::log_mark at);
  void drop_pieces();
  bool fits(const piece_head& with) const;

  // writing
  void add(encoded_entry entry, std::uint64_t branch);
  void close_job();
  static commit_request no_job();
  replica_mark mark() const;

  // applying (group_effects.cpp)
  void apply_on();
  bool add_effects(const std::string& raw);
  void close_effects();
  void erase_trimmed();
  applied_mark applied_so_far() const;
  void end_tickets(log_index up_to);
  void lose_tickets();

  options options_;
  cluster::replica_machine machine_;
  entry_tail tail_;

  // what is being put together while the machine's actions are carried out
  commit_request job_;
  written told_;
  bool has_job_ = false;
  bool has_new_mark_ = false;
  const cluster::full_append* incoming_ = nullptr;
  const incoming_piece* incoming_piece_ = nullptr;
  std::vector<cluster::replica_action> actions_;

  std::uint64_t jobs_ = 0; // numbers writes
  std::deque<std::pair<std::uint64_t, written>> writing_;
  std::uint64_t reads_ = 0; // numbers reads
  std::map<std::uint64_t, reading> reading_;

  std::map<cluster::member_id, fetched> fetched_; // for a leader's followers
  std::optional<comparison> comparison_;          // of a follower

  std::uint64_t cuts_ = 0; // numbers piece jobs
  std::map<cluster::member_id, cutting> cutting_;
  std::optional<partial_checkpoint> kept_; // aside
  std::optional<cluster::log_mark> installing_;

  log_index stored_ = 0; // entries up to here are in the store
  log_index committed_ = 0;
  log_index applied_ = 0;       // gathered
  log_index marked_ = 0;        // the mark in the store, or on its way
  log_index offered_ = 0;       // to be trimmed
  log_index ended_ = 0;         // tickets up to here were told
  index_runs to_erase_;         // of what is applied
  bool has_new_erases_ = false; // not yet with a mark
  bool is_reading_to_apply_ = false;
  commit_request effects_;
  std::deque<ticket> tickets_; // of a leader

  replica_work out_;
};

} // namespace troupe

#pragma once

#include "engine/delivery/key_lanes.hpp"
#include "engine/delivery/partition_log.hpp"
#include "engine/delivery/positions.hpp"
#include "engine/delivery/queue_events.hpp"
#include "engine/delivery/queue_options.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// The rules of one queue: who gets which message when, what is stored, what
/// was promised to whom. Holds no clock, thread or disk: the queue actor tells
/// it what happened and carries out what `take_actions` lists.
class queue_machine {
public:
  explicit queue_machine(queue_options options);

  const queue_options& options() const { return options_; }

  // -- events

  void on_publish(publish what, time_point now);
  void on_stored(std::uint16_t partition, log_index index);

  /// Returns false, and does nothing, where an exclusive consumer is there or
  /// one that wants to be finds others.
  bool on_subscribe(const subscription& consumer);

  /// A consumer wants no more messages. It keeps its loans, settles them and
  /// goes by `on_gone`; others count it no longer.
  void on_cancel(consumer_id from);

  /// A consumer takes other numbers of messages from now on; 0: unlimited.
  void on_credit(consumer_id from, std::uint32_t credit);

  /// A consumer takes nothing for a while, or again; whatever its credit.
  void on_pause(consumer_id from, bool is_paused);

  /// Bytes lent to a consumer, as `loaned_run::bytes` counts them, have left.
  void on_written(consumer_id from, std::uint64_t bytes);

  /// A getter asks for one message. Answered by `got`, maybe later: when the
  /// body had to be read, or nothing was ready but something about to be
  /// stored.
  void on_get(consumer_id from, std::uint64_t number, bool no_ack);

  /// Drops all that is ready, not what is on loan or waits for a retry.
  /// Returns how many messages that were.
  std::uint64_t on_purge(time_point now);

  /// A consumer leaves, or is found dead. Its loans return to their place and
  /// count as delivered once more. A `crash` charges one attempt to the message
  /// that ran: `crash->at`, or the oldest of its loans where that is 0 because
  /// nobody could say.
  void on_gone(
    consumer_id from,
    const std::optional<failure>& crash,
    time_point now,
    double random);

  /// `number` comes back in `settled`. What is not on loan to the consumer is
  /// left out: its loan ended earlier. `random` (0 to 1) spreads retries.
  void on_settle(
    consumer_id from,
    std::uint64_t number,
    settlement what,
    time_point now,
    double random);

  void on_forwarded(std::uint16_t partition, log_index index);
  void on_loaded(std::uint16_t partition, position first, batch_ptr messages);
  void on_time(time_point now);

  /// Writes checkpoints for all partitions that changed: at a clean stop.
  void on_checkpoint();

  /// Hands out what can be handed out. Called after a round of events, so
  /// that one batch to a consumer carries the result of them all.
  void lend();

  queue_actions take_actions();

  /// Returns when `on_time` should be called next.
  std::optional<time_point> next_due() const { return retries_.next_due(); }

  // -- recovery, before any event

  /// Takes one stored entry, in log order within each partition.
  void restore(std::uint16_t partition, log_index index, log_entry&& entry);

  /// Ends the recovery. Emissions that may not have arrived are among the
  /// actions already; whoever has them drops them.
  void restored();

  // -- answers

  queue_figures figures() const;
  const retry_schedule& retries() const { return retries_; }

  /// Returns partition and index of every entry this queue still has in the
  /// store, to be erased with it. Entries still in flight are not among them.
  std::vector<std::pair<std::uint16_t, log_index>> stored_entries() const;

private:
  struct consumer {
    subscription asked;
    std::uint64_t outstanding = 0; // messages on loan
    std::vector<loaned_run> given; // of these, not yet in a delivery
    bool has_credit() const { return outstanding < asked.credit; }
  };

  /// An entry on its way to the store.
  struct sent_entry {
    enum class kind { publish, settle, checkpoint } what{};
    std::vector<std::uint64_t> tickets; // to confirm once it is stored
    consumer_id consumer{};             // settle
    std::uint64_t number = 0;           // settle
    std::vector<position_run> settled;  // settle: keys to free
    std::vector<emission> emits;        // settle
  };

  struct partition_state {
    explicit partition_state(std::uint16_t number) : log{number} {}
    partition_log log;
    std::deque<sent_entry> sent;
    std::map<log_index, std::size_t> outbox; // settle entry -> emissions out
    std::vector<log_index> settles;          // stored since the checkpoint
    std::vector<log_index> erasable;         // publish entries that are done
    std::optional<log_index> last_checkpoint;
    std::uint64_t next_sequence = 1;  // of what is emitted
    std::size_t entries = 0;          // since the checkpoint
    std::size_t checkpoint_after = 0; // as many entries
  };

  // publishing (queue_machine.cpp)
  void accept(publish&& what, batch_ptr fresh, time_point now);
  void on_publish_stored(partition_state& in, log_index index);
  void confirm_or_hold(std::uint64_t ticket);
  void release_confirms();
  bool is_full() const;
  void append(partition_state& to, log_entry&& entry, sent_entry&& note);

  // settling (queue_settling.cpp)
  void ack(
    partition_state& in,
    settle_entry& entry,
    consumer_id from,
    settlement& what);
  void settle(partition_state& in, const position_run& run);
  void fail(
    partition_state& in,
    settle_entry& entry,
    const failure& what,
    const subscription& by,
    const std::pair<time_point, double>& now_random);
  void charge(
    const subscription& by,
    failure crash,
    const std::pair<time_point, double>& now_random);
  void dead_letter(
    partition_state& in,
    settle_entry& entry,
    const failure& what,
    const subscription& by);
  void emit(partition_state& from, settle_entry& entry, const emitted& what);
  void give_back(const position_run& run);
  void end_loans(const position_run& run);
  void commit(
    partition_state& in,
    settle_entry&& entry,
    consumer_id from,
    std::uint64_t number);
  void
  on_settle_stored(partition_state& in, sent_entry&& sent, log_index index);
  void checkpoint_if_due(partition_state& in);
  void checkpoint(partition_state& in);
  checkpoint_entry snapshot(const partition_state& in) const;

  // lending (queue_lending.cpp)
  void lend_returned();
  void lend_fresh();
  bool lend_run(partition_state& from);
  void lend_lanes();
  bool lend_lane(key_lanes::key_hash key, consumer& to);
  bool lend_by_key(partition_state& from);
  void offer(segment& in, position at);
  void give(consumer& to, segment& from, const position_run& run);
  std::uint32_t
  plain_run(const segment& in, position at, std::uint64_t most) const;
  bool is_at_hand(segment& x);
  void read_ahead(partition_state& in, const segment& from);
  void drop_bodies(segment& x);
  consumer* next_consumer();
  void deal_out();

  // recovery (queue_recovery.cpp)
  void restore(partition_state& in, log_index index, publish_entry&& entry);
  void restore(partition_state& in, log_index index, settle_entry&& entry);
  void restore(partition_state& in, log_index index, checkpoint_entry&& entry);

  partition_state& partition(position at) {
    return partitions_[partition_of(at)];
  }
  std::string publisher_name(std::uint16_t partition) const;

  queue_options options_;
  std::vector<partition_state> partitions_;
  loan_book loans_;
  key_lanes lanes_;
  retry_schedule retries_;
  std::set<position> returned_; // queues without order: first in line
  std::map<consumer_id, consumer> consumers_;
  std::deque<std::uint64_t> held_; // tickets whose confirm waits for room
  log_index memory_index_ = 0;     // what a memory queue numbers entries with
  queue_figures figures_;
  queue_actions out_;

  // one round of lending
  consumer_id served_{};         // who got the last messages
  std::uint64_t served_run_ = 0; // how many of them in a row
  std::uint64_t share_ = 1;      // how many in a row before the next one's turn
  std::uint64_t credit_ = 0;     // of all consumers
};

} // namespace troupe

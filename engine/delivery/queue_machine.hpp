#pragma once

#include "engine/delivery/key_lanes.hpp"
#include "engine/delivery/partition_log.hpp"
#include "engine/delivery/positions.hpp"
#include "engine/delivery/settlement.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Hashes the order key of a message.
using key_function = std::function<std::uint64_t(const message&)>;

struct queue_options {
  std::string name;
  queue_id id{};
  bool is_durable = true;
  std::uint16_t partitions = 1; // more than one only with an order key
  key_function key;             // null: no order per key
  std::string order_key;        // the expression that `key` hashes
  std::uint64_t max_length = 0; // publishers wait beyond; 0: unlimited
  std::uint64_t resident_limit = 64 * 1024 * 1024; // bytes of bodies, about
  bool confirm_early = false; // before a durable publish is on disk
};

/// A batch for one partition of a queue.
struct publish {
  std::uint64_t ticket = 0; // the publisher's, returned in the confirm
  std::uint16_t partition = 0;
  std::string publisher; // empty: one that does not number
  std::vector<std::uint64_t> sequences;
  batch_ptr messages;
};

/// What a consumer asks for when it comes.
struct subscription {
  consumer_id id{};
  std::uint32_t credit = 1; // messages on loan to it at a time
  retry_policy retry;
  std::string dead_output; // where its dead letters are published
};

// -- what a queue machine wants done, in this order

/// Append to the partition's log (durable queues only). The store's answer
/// comes back as `on_stored` with the same partition, in the same order.
struct log_append {
  std::uint16_t partition = 0;
  log_entry entry;
  std::vector<log_index> erases; // in the same commit
};

struct confirm {
  std::uint64_t ticket = 0;
};

struct delivery {
  consumer_id to{};
  std::vector<loaned_run> runs;
};

/// Publish an emission whose settlement is committed. Answered by
/// `on_forwarded` once it is safe where it went.
struct forward {
  std::uint16_t partition = 0;
  log_index index = 0; // of the settle entry it stands in
  emission what;
};

/// Read a publish entry back; answered by `on_loaded`.
struct fetch {
  std::uint16_t partition = 0;
  log_index index = 0;
  position first = 0;
};

/// The settlement a consumer sent is committed: its effects are readable.
struct settled {
  consumer_id to{};
  std::uint64_t number = 0; // the consumer's own
};

struct queue_actions {
  std::vector<log_append> appends;
  std::vector<confirm> confirms;
  std::vector<delivery> deliveries;
  std::vector<forward> forwards;
  std::vector<fetch> fetches;
  std::vector<settled> settlements;
};

/// Counts that operators see.
struct queue_figures {
  std::uint64_t length = 0;  // all that is not settled
  std::uint64_t on_loan = 0; // of these
  std::uint64_t waiting = 0; // of these, for a retry
  std::uint64_t resident_bytes = 0;
  std::uint64_t in_flight = 0; // entries and emissions not yet answered
  std::uint64_t held_confirms = 0;
  std::uint64_t published = 0; // since this start
  std::uint64_t acked = 0;
  std::uint64_t retried = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t repeats_dropped = 0;
  std::uint64_t consumers = 0;
};

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
  void on_subscribe(const subscription& consumer);

  /// A consumer leaves, or is found dead. Its loans return to their place. A
  /// `crash` charges one attempt to the message that ran: `crash->at`, or the
  /// oldest of its loans where that is 0 because nobody could say.
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

#pragma once

#include "engine/delivery/consumer_roster.hpp"
#include "engine/delivery/dead_letter.hpp"
#include "engine/delivery/expiry_index.hpp"
#include "engine/delivery/key_lanes.hpp"
#include "engine/delivery/partition_log.hpp"
#include "engine/delivery/positions.hpp"
#include "engine/delivery/queue_events.hpp"
#include "engine/delivery/queue_options.hpp"
#include "engine/delivery/seen_values.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

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

  /// Returns when `on_time` should be called next: a retry is due or a message
  /// expires. Whoever calls it before other events once that time has come
  /// sees no expired message lent.
  std::optional<time_point> next_due() const;

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
  using consumer = consumer_roster::consumer;

  /// An entry on its way to the store.
  struct sent_entry {
    enum class kind { publish, spill, settle, checkpoint } what{};
    std::vector<confirm> confirms;     // to send once it is stored
    consumer_id consumer{};            // settle
    std::uint64_t number = 0;          // settle
    std::vector<position_run> settled; // settle: keys to free
    std::vector<emission> emits;       // settle
    position first = 0;                // spill
  };

  struct ask {
    consumer_id from{};
    std::uint64_t number = 0; // the asker's own
    bool no_ack = false;
  };

  /// Messages that died and are to become dead letters.
  struct dying_run {
    position_run run;
    death_reason why{};
    time_point at;
  };

  struct partition_state {
    partition_state(std::uint16_t number, bool offers_unstored)
      : log{number, offers_unstored}, expired_to{log.cursor()} {}

    partition_log log;
    std::deque<sent_entry> sent;
    std::map<log_index, std::size_t> outbox; // settle entry -> emissions out
    std::vector<log_index> settles;          // stored since the checkpoint
    std::vector<log_index> erasable;         // publish entries that are done
    std::optional<log_index> last_checkpoint;
    std::uint64_t next_sequence = 1;  // of what is emitted
    std::size_t entries = 0;          // since the checkpoint
    std::size_t checkpoint_after = 0; // as many entries
    std::size_t settles_sent = 0;     // of `sent`
    std::deque<dying_run> dying;      // in the order they died
    /// The store's last entry is a checkpoint that says what was never lent.
    bool claims_unlent = false;
    position maybe_lent = 0; // before it, what a start found may have been lent
    position offered = 0;    // before it, consumers had their chance
    position expired_to;     // before it, the queue's own time has run out
  };

  /// Settle entries of several partitions that become one round.
  using open_entries = std::map<std::uint16_t, settle_entry>;

  enum class came_back { unseen, uncounted, counted };
  enum class lent { some, none, blocked }; // blocked: its body must be read

  // publishing (queue_machine.cpp)
  void accept(publish&& what, confirm answer, batch_ptr fresh);
  void accept_in_memory(partition_state& to, segment& added, confirm answer);
  void on_publish_stored(partition_state& in, log_index index);
  void make_ready(const segment& stored);
  void on_spill_stored(partition_state& in, sent_entry&& sent, log_index index);
  void confirm_or_hold(confirm answer);
  void release_confirms();
  bool is_full() const;
  void append(partition_state& to, log_entry&& entry, sent_entry&& note);
  std::uint64_t ready() const;

  // limits (queue_limits.cpp)
  batch_ptr take_in(const publish& what, batch_ptr fresh, confirm& answer);
  bool is_repeat(const publish& what, const message& x);
  void refuse(const publish& what, const std::vector<std::uint32_t>& which);
  bool has_limits() const;
  void enforce_limits();
  std::optional<position> take_head();
  std::optional<position> take_head(partition_state& in);

  // settling (queue_settling.cpp)
  void
  ack(partition_state& in, settle_entry& entry, consumer& by, settlement& what);
  void come_back(
    partition_state& in,
    settle_entry& entry,
    const position_run& run,
    came_back how);
  bool is_one_too_many(position at, came_back how);
  void put_back(position at);
  void settle(partition_state& in, const position_run& run);
  void settle(partition_state& in, segment& from, const position_run& run);
  void forget(position at);
  void fail(
    partition_state& in,
    settle_entry& entry,
    const failure& what,
    const subscription& by,
    const std::pair<time_point, double>& now_random);
  void charge(
    consumer& by,
    failure crash,
    const std::pair<time_point, double>& now_random);
  void dead_letter(
    partition_state& in,
    settle_entry& entry,
    const failure& what,
    const subscription& by);
  void emit(partition_state& from, settle_entry& entry, const emitted& what);
  void end_loans(const position_run& run, const subscription& of);

  // the settle entry (queue_commits.cpp)
  settle_entry& entry_of(open_entries& all, const partition_state& in) const;
  void commit(open_entries&& all);
  void commit(
    partition_state& in,
    settle_entry&& entry,
    consumer_id from,
    std::uint64_t number);
  void
  on_settle_stored(partition_state& in, sent_entry&& sent, log_index index);
  void checkpoint_if_due(partition_state& in);
  void checkpoint(partition_state& in, position lent_to);
  void withdraw_claims();
  checkpoint_entry snapshot(const partition_state& in, position lent_to) const;

  // dying (queue_dying.cpp)
  void die(
    partition_state& in,
    settle_entry& entry,
    const position_run& run,
    death_reason why);
  void bury_all();
  bool bury(partition_state& in);
  std::vector<position_run>
  bury_some(partition_state& in, batch_builder& letters);
  void read_dying(partition_state& in);

  // expiring (queue_expiry.cpp)
  bool expires() const;
  bool is_expired(const segment& in, position at) const;
  std::optional<time_point> first_expiry(const partition_state& in) const;
  void note_expirations(const segment& of, const batch& messages);
  void expire();
  void expire_old(open_entries& all, partition_state& in);
  void expire_segment(settle_entry& into, partition_state& in, segment& x);
  void expire_due(open_entries& all);
  bool take_ready(partition_state& in, position at);
  bool is_doomed(position at) const {
    return !doomed_.empty() && doomed_.contains(at);
  }
  void note_offered();

  // lending (queue_lending.cpp)
  void lend_ready();
  bool lend_partition(partition_state& from);
  bool lend_returned(partition_state& from);
  void lend_by_keys();
  lent lend_run(partition_state& from);
  void lend_lanes();
  bool lend_lane(key_lanes::key_hash key, consumer& to);
  bool lend_by_key(partition_state& from);
  void offer(partition_state& from, segment& in, position at);
  void give(
    consumer& to, partition_state& in, segment& from, const position_run& run);
  std::pair<bool, std::uint32_t>
  history(const partition_state& in, position at) const;
  std::uint64_t room(const consumer& to, const segment& in, position at) const;
  std::uint32_t plain_run(
    const partition_state& from,
    const segment& in,
    position at,
    std::uint64_t most) const;
  bool can_take(const consumer& x) const;
  bool has_taker() const;
  consumer& next_consumer();
  void deal_out();
  void deal(consumer& to, const std::vector<loaned_run>& runs);

  // bodies in memory and on disk (queue_bodies.cpp)
  bool is_at_hand(segment& x);
  void read_ahead(partition_state& in, const segment& from);
  void drop_bodies(segment& x);
  void drop_if_over(const partition_state& in, segment& x);

  // getting (queue_gets.cpp)
  void serve_gets();
  bool serve(const ask& what);
  std::vector<position_run> take_fresh(partition_state& in);

  // recovery (queue_recovery.cpp)
  void restore(partition_state& in, log_index index, publish_entry&& entry);
  void restore(partition_state& in, log_index index, settle_entry&& entry);
  void restore(partition_state& in, log_index index, checkpoint_entry&& entry);
  void restore_dedup(const publish_entry& entry);
  std::uint64_t ready_bytes_in(const partition_state& in) const;

  partition_state& partition(position at) {
    return partitions_[partition_of(at)];
  }

  queue_options options_;
  std::vector<partition_state> partitions_;
  consumer_roster roster_;
  loan_book loans_;
  key_lanes lanes_;
  retry_schedule retries_;
  std::set<position> returned_; // queues without order: first in line
  /// What was lent and came back, with how often that counted.
  boost::unordered_flat_map<position, std::uint32_t> deliveries_;
  expiry_index expiries_;
  /// Expired while it was on loan or waiting; dies when it comes back.
  boost::unordered_flat_set<position> overdue_;
  /// Dying before it was ever offered.
  boost::unordered_flat_set<position> doomed_;
  std::optional<seen_values> seen_;
  std::deque<ask> asks_;
  std::deque<confirm> held_; // wait for room
  log_index memory_index_ = 0;
  std::uint64_t dying_ = 0;          // messages in all partitions
  std::uint64_t unstored_ = 0;       // ready but for the store, which has yet
                                     // to take it before it may be offered
  std::uint64_t unstored_bytes_ = 0; // of these
  bool is_spilling_ = false;         // the store takes what memory does not
  time_point now_;                   // of the last event that had a time
  queue_figures figures_;
  queue_actions out_;

  // one round of lending
  consumer* sole_ = nullptr;     // a getter that takes one message
  bool is_blocked_ = false;      // something would be lent, were it there
  bool is_claim_broken_ = false; // what was said to be never lent was lent
  std::uint64_t given_ = 0;      // messages not yet on loan
  std::vector<consumer*> given_to_;
};

} // namespace troupe

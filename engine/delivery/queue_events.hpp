#pragma once

#include "engine/delivery/settlement.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

// -- what a queue machine is told

/// A batch for one partition of a queue.
struct publish {
  std::uint64_t ticket = 0; // the publisher's, returned in the confirm
  std::uint16_t partition = 0;
  std::string publisher; // empty: one that does not number
  std::vector<std::uint64_t> sequences;
  batch_ptr messages;
  /// Some message has the property `expiration`; otherwise nobody looks.
  bool has_expirations = false;
  /// The header `x-delay` (milliseconds, none: 0) says when each expires.
  bool is_delayed = false;
};

/// What a consumer asks for when it comes.
struct subscription {
  consumer_id id{};
  std::uint32_t credit = 1; // messages on loan to it at a time; 0: unlimited
  retry_policy retry;
  /// Where its dead letters are published. Empty: as the queue's own rule
  /// says.
  std::string dead_output;
  std::int32_t priority = 0; // the highest that can take messages go first
  bool no_ack = false;       // what is lent counts as settled
  bool is_exclusive = false; // alone or not at all
  /// Bytes (`loaned_run::bytes`) lent and not yet reported by `on_written`; the
  /// message that reaches this is the last. 0: unlimited.
  std::uint64_t window_bytes = 0;
  /// Gets what it asks for by `on_get`, nothing else; no consumer to others.
  bool is_getter = false;
};

// -- what a queue machine wants done, in this order

/// Append to the partition's log. The store's answer comes back as `on_stored`
/// with the same partition, in the same order.
struct log_append {
  std::uint16_t partition = 0;
  log_entry entry;
  std::vector<log_index> erases; // in the same commit
  /// Of a memory queue: store it nevertheless, it is there to be read back and
  /// need not be synced. Without this only the changes of state of a memory
  /// queue's entries are stored, and any index does as the answer.
  bool is_spill = false;
};

/// Erase an entry at leisure; there is no answer.
struct log_erase {
  std::uint16_t partition = 0;
  log_index index = 0;
};

struct confirm {
  std::uint64_t ticket = 0;
  std::vector<std::uint32_t> refused = {}; // indexes in the batch
};

struct delivery {
  consumer_id to{};
  std::vector<loaned_run> runs;
};

/// The answer to `on_get`.
struct got {
  consumer_id to{};
  std::uint64_t number = 0;      // the asker's own
  std::optional<loaned_run> run; // one message; none: nothing was ready
  std::uint64_t remaining = 0;   // still ready
};

/// Tells which consumer of a queue with a single active one has its turn.
struct activity {
  consumer_id of{};
  bool is_active = false;
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
  std::vector<log_erase> erases;
  std::vector<confirm> confirms;
  std::vector<activity> activities;
  std::vector<delivery> deliveries;
  std::vector<got> gets;
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
  std::uint64_t dead_lettered = 0; // whatever the reason
  std::uint64_t repeats_dropped = 0;
  std::uint64_t consumers = 0; // without getters and cancelled ones

  // As AMQP counts.
  std::uint64_t ready = 0;       // to be lent, also before they are stored
  std::uint64_t unacked = 0;     // on loan
  std::uint64_t ready_bytes = 0; // exact with `max_bytes`, else about
  std::uint64_t redelivered = 0; // lent again, since this start
  std::uint64_t expired = 0;
  std::uint64_t dropped = 0; // by a limit
  std::uint64_t refused = 0;
  std::uint64_t rejected = 0;
  std::uint64_t purged = 0;
  std::uint64_t got = 0;
  std::uint64_t getters = 0;
};

} // namespace troupe

#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"
#include "engine/message/batch.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace troupe {

/// Consecutive positions of one queue: `first`, and `count - 1` more.
struct position_run {
  position first = 0;
  std::uint32_t count = 0;
  bool operator==(const position_run&) const = default;
};

/// Why one attempt to handle a message failed.
struct failed_attempt {
  time_point at;
  std::string error_class; // "timeout", "exception", or the handler's own
  std::string text;
  bool operator==(const failed_attempt&) const = default;
};

/// A message that waits for its next attempt.
struct retry_record {
  position at = 0;
  time_point not_before;
  failed_attempt why;
  bool operator==(const retry_record&) const = default;
};

/// Messages a handler emitted to one of its outputs. Sequences count per
/// emitting queue partition and never fall, so that a target can drop repeats.
struct emission {
  std::string output; // full name: "charge", "charge.dead", "charge.alerts"
  std::vector<std::uint64_t> sequences; // one a message, rising
  batch_ptr messages;
};

/// A changed value of a handler's state; nothing erases it.
struct state_change {
  std::string handler;
  std::string scope; // the order key; empty in a queue without order
  std::string name;
  std::optional<std::string> value;
  bool operator==(const state_change&) const = default;
};

// -- the entries of a group's log

/// The queue of entries that only change state or erase others.
constexpr auto no_queue = queue_id{0};

/// Messages published to a queue, in the order of their positions.
struct publish_entry {
  queue_id queue{};
  position first = 0;
  time_point published_at;
  std::string publisher;           // empty: one that does not number
  std::uint64_t last_sequence = 0; // of that publisher, within this entry
  batch_ptr messages;
  bool has_expirations = false; // some message has the property `expiration`
  bool is_delayed = false;      // the header `x-delay` says when each expires
};

/// What became of some messages, with all that is to be true together with it.
struct settle_entry {
  queue_id queue{};
  std::vector<position_run> settled; // acked or dead-lettered: gone for good
  std::vector<retry_record> retries;
  std::vector<emission> emits;
  std::vector<state_change> changes;
  std::vector<position_run> requeued; // came back; their deliveries count
};

/// What a queue partition has to remember of entries that may be erased.
struct checkpoint_entry {
  queue_id queue{};
  position next = 0;                 // the position the next message gets
  std::uint64_t next_sequence = 0;   // for what it emits
  std::vector<position_run> settled; // within publish entries still stored
  std::map<position, std::vector<failed_attempt>> attempts;
  std::map<position, time_point> waiting;          // retries not yet due
  std::map<std::string, std::uint64_t> publishers; // last sequence of each
  position lent_to = 0; // up to here messages may have been lent; 0: none
  std::map<position, std::uint32_t> deliveries; // how often each came back
  std::vector<std::pair<std::string, time_point>> seen; // dedup, oldest first
  /// In a cluster: what every replica erases with it, for the rest says it all.
  std::vector<log_index> erases;
};

using log_entry = std::variant<publish_entry, settle_entry, checkpoint_entry>;

} // namespace troupe

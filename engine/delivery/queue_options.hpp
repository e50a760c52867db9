#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/queue_name.hpp"

#include <troupe/message.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace troupe {

/// Hashes the order key of a message.
using key_function = std::function<std::uint64_t(const message&)>;

/// What happens to messages beyond a queue's limits.
enum class overflow : std::uint8_t {
  hold,                      // publishers wait for their confirms
  drop_head,                 // the oldest ready message dies
  reject_publish,            // the new ones are refused
  reject_publish_dead_letter // the same, and they become dead letters
};

/// Where a queue's own dead letters go: those that were rejected, that expired,
/// that a limit drove out or that came back too often.
struct dead_letter_rule {
  std::string output;                     // the emission's
  std::string exchange;                   // what its messages are published to
  std::optional<std::string> routing_key; // none: the message's own
  /// False: no header says that the message died; only the expiration or
  /// `x-delay` that ended its time here is gone. For delayed exchanges.
  bool marks = true;
  bool operator==(const dead_letter_rule&) const = default;
};

/// Drops messages whose header has a value that was seen before.
struct dedup_rule {
  std::string header = "x-deduplication-header";
  std::uint64_t most = 10'000; // values remembered; the oldest go first
  std::optional<duration> ttl; // none: until it is the oldest
  bool operator==(const dedup_rule&) const = default;
};

struct queue_options {
  std::string name;
  queue_id id{};
  bool is_durable = true;
  std::uint16_t partitions = 1; // up to 256; one without `key`, `by_priority`
  key_function key;             // null: no order per key
  std::string order_key;        // the expression that `key` hashes
  std::uint64_t max_length = 0; // messages; 0: unlimited
  std::uint64_t resident_limit = 64 * 1024 * 1024; // bytes of bodies, about
  bool confirm_early = false; // before a durable publish is on disk
  /// Consumers of a durable queue get messages that are still on their way to
  /// the disk: sooner, but a crash may take back what was lent, as long as its
  /// publisher has no confirm.
  bool lends_unstored = false;
  std::string vhost = "/";
  /// Partition `p` holds the messages of priority `p`; the highest go first.
  /// Not together with `key`.
  bool by_priority = false;
  /// All partitions lie in the group of the first, and so on one member of a
  /// cluster: needed where they are taken from together.
  bool is_in_one_group = false;
  std::optional<duration> message_ttl; // how long a message may stay ready
  std::uint64_t max_bytes = 0;         // of bodies that are ready; 0: unlimited
  /// With `hold`, `max_length` counts all that is not settled; otherwise what
  /// is ready, as AMQP has it.
  troupe::overflow overflow = troupe::overflow::hold;
  std::optional<dead_letter_rule> dead_letters; // none: what dies is dropped
  bool is_single_active = false; // one consumer at a time, the others wait
  /// A message that came back more often than this dies.
  std::optional<std::uint32_t> delivery_limit;
  bool counts_deliveries = false; // keeps `loaned_run::deliveries` in the store
  std::optional<dedup_rule> dedup;

  /// Names the queue among those of all vhosts.
  std::string full_name() const { return full_queue_name(vhost, name); }
};

} // namespace troupe

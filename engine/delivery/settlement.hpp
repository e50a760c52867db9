#pragma once

#include "engine/delivery/loan_book.hpp"
#include "engine/delivery/retry_schedule.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// Consecutive messages of one batch on loan to a consumer.
struct loaned_run {
  batch_ptr messages;
  std::uint32_t first = 0; // index in the batch
  std::uint32_t count = 0;
  position at = 0; // of the first message
  time_point published_at;
  std::uint32_t attempt = 1;    // a message tried before runs alone
  bool redelivered = false;     // it was lent before, to whomever
  std::uint32_t deliveries = 0; // how often it came back and that counted

  /// Returns what counts against `subscription::window_bytes`.
  std::uint64_t bytes() const { return messages->bytes(first, count); }

  message operator[](std::uint32_t i) const { return (*messages)[first + i]; }
};

/// A message that was handled and not acked.
struct failure {
  position at = 0;
  failed_attempt why;
  std::optional<duration> delay; // before the next attempt; else by policy
  bool is_final = false;         // dead letter, whatever the policy says
};

/// Messages emitted to one output, not yet numbered.
struct emitted {
  std::string output;
  batch_ptr messages;
};

/// What became of messages of one queue partition that were on loan to one
/// consumer, and what is to be true together with it: one atomic commit.
struct settlement {
  std::uint16_t partition = 0;
  std::vector<position_run> acked;
  std::vector<failure> failed;
  std::vector<position_run> returned; // to their place; lent again, uncounted
  std::vector<position_run> unseen;   // to their place, as if never lent
  std::vector<position_run> requeued; // to their place; counts as a delivery
  std::vector<position_run> rejected; // die, by the queue's own rule
  std::vector<emitted> emits;
  std::vector<state_change> changes;
};

} // namespace troupe
